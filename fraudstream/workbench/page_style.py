"""The style of the workbench's pages: one sheet, light and dark by what the reader's system prefers."""

STYLE = """
:root{color-scheme:light dark;--ground:#fff;--text:#1c2430;--dim:#596577;--line:#d5dbe3;--soft:#f4f6f9;
--one:#1f6fb5;--two:#b4540a}
@media(prefers-color-scheme:dark){:root{--ground:#12161c;--text:#e6eaf0;--dim:#9aa7b8;--line:#323b48;
--soft:#1b212a;--one:#62aef2;--two:#f0a25a}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--text);font:15px/1.5 system-ui,sans-serif}
main{max-width:1180px;margin:0 auto;padding:24px 20px 60px}
h1{font-size:1.5rem;margin:0 0 .3em}h2{font-size:1.15rem;margin:2.2em 0 .3em}
p{margin:.2em 0 1em;color:var(--dim);max-width:75ch}code{font-size:.95em}
.tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(150px,1fr));gap:10px;margin:0}
.tiles div{background:var(--soft);border:1px solid var(--line);border-radius:8px;padding:10px 14px}
dt{color:var(--dim);font-size:.85rem}dd{margin:0;font-size:1.25rem;font-variant-numeric:tabular-nums}
.wide{overflow-x:auto}.wide:focus-visible{outline:2px solid var(--one)}
table{border-collapse:collapse;width:100%;font-size:.88rem;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--dim);padding:0 0 6px}
th,td{padding:5px 8px;border-bottom:1px solid var(--line);text-align:left;white-space:nowrap}
thead th{background:var(--soft)}tbody th{font-weight:500}.number{text-align:right}
tbody tr:hover{background:var(--soft)}
figure{margin:0 0 18px}figcaption{color:var(--dim);font-size:.88rem;margin-bottom:6px}
svg{width:100%;height:auto;display:block;font:13px system-ui,sans-serif}
svg text{fill:var(--text)}svg .dim{fill:var(--dim);font-size:12px}
.one{fill:var(--one)}.two{fill:var(--two)}.self{fill:var(--line)}.empty{fill:var(--soft)}
.axis,.grid{stroke:var(--line);fill:none}
.key{display:inline-block;width:12px;height:12px;border-radius:2px;margin:0 2px 0 10px;vertical-align:-1px}
.key.one{background:var(--one)}.key.two{background:var(--two)}
@media print{main{max-width:none}.wide{overflow:visible}}
"""
