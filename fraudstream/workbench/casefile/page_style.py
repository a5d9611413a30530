"""What a case file's page adds to the style of the workbench's pages."""

STYLE = """
:root{--good:#197a43;--bad:#b3261e;--wait:#8a6100}
@media(prefers-color-scheme:dark){:root{--good:#5fcf8d;--bad:#ff8a80;--wait:#f0c060}}
body{font-family:system-ui,"Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif}
main{max-width:1000px}h1{font-size:1.65rem;line-height:1.25;margin:.2em 0 .35em}
h3{font-size:1rem;margin:1.2em 0 .35em}
td,th{white-space:normal;vertical-align:top}.number,.time,thead th{white-space:nowrap}
.verdict{border:1px solid var(--line);border-left:6px solid var(--mark);border-radius:8px;padding:14px 18px;
background:var(--soft);margin:0 0 8px}
.verdict p{margin:.15em 0;max-width:none}.eyebrow{font-size:.85rem;color:var(--dim);overflow-wrap:anywhere}
.tags{display:flex;flex-wrap:wrap;gap:8px;margin:.6em 0 0}
.tag{border:1px solid var(--mark);color:var(--mark);border-radius:99px;padding:1px 12px;font-weight:600}
.tag.plain{border-color:var(--line);color:var(--text);font-weight:400}
.amount{font-size:1.35rem;font-weight:600;color:var(--text);font-variant-numeric:tabular-nums}
.block,.hold{--mark:var(--bad)}.report,.review{--mark:var(--two)}.allow{--mark:var(--good)}.none{--mark:var(--one)}
.note{color:var(--wait)}
.rule{border:1px solid var(--line);border-radius:8px;padding:2px 18px 14px;margin:0 0 18px}
.rule h2{margin:.8em 0 .1em}.rule h2 code{color:var(--dim);font-weight:400}
.why{color:var(--text);font-size:1rem;border-left:3px solid var(--line);padding-left:12px;max-width:none}
.columns{display:grid;grid-template-columns:repeat(auto-fit,minmax(270px,1fr));gap:0 28px}
ul{margin:.2em 0;padding-left:1.2em}
.true{color:var(--good)}.false{color:var(--bad)}.unknown{color:var(--wait)}
.mark{width:1.6em;font-weight:700}.exact{font-weight:600}.dim{color:var(--dim)}
dl.facts{display:grid;grid-template-columns:max-content 1fr;gap:2px 18px;margin:.3em 0}
dl.facts dt{font-size:.9rem}dl.facts dd{font-size:.95rem;overflow-wrap:anywhere}
dl.event{display:grid;grid-template-columns:repeat(auto-fill,minmax(180px,1fr));gap:8px 18px;
margin:.4em 0 24px}
dl.event dd{font-size:.98rem;overflow-wrap:anywhere}
.wide{margin-top:10px}
.line{list-style:none;margin:.4em 0 0;padding:0 0 0 8px}
.line li{border-left:2px solid var(--line);padding:0 0 12px 18px;position:relative}
.line li:last-child{border-left-color:transparent}
.line li::before{content:"";position:absolute;left:-6px;top:7px;width:10px;height:10px;border-radius:50%;
background:var(--ground);border:2px solid var(--one)}
.line li.here::before{background:var(--bad);border-color:var(--bad)}
.line time{font-variant-numeric:tabular-nums;font-weight:600}.line .here{font-weight:600}
code{overflow-wrap:anywhere}
@media print{.rule,.line li{break-inside:avoid}}
"""
