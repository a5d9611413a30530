"""The published figures that ours stand beside; ../shared/data/README.md says where they are from."""

from __future__ import annotations

from loadtest.quality.handbook import Quality

HANDBOOK_TABLE = "handbook/transactions.parquet"
TEST_WEEK = {
    "logistic regression": Quality(0.871, 0.606, 0.291),
    "decision tree, depth 2": Quality(0.763, 0.496, 0.241),
    "random forest": Quality(0.867, 0.658, 0.287),
    "XGBoost": Quality(0.862, 0.639, 0.273),
    "XGBoost, tuned": Quality(0.869, 0.687, 0.303),
    "feed-forward network": Quality(0.876, 0.675, 0.303),
}
"""Batch models with the book's features, tested 2018-08-08..14."""
VALIDATION_WEEK = {
    "isolation forest, with label-fed risk": Quality(0.808, 0.164, 0.190),
    "autoencoder, with label-fed risk": Quality(0.836, 0.180, 0.217),
}
"""Unsupervised batch models, on 2018-07-25..31."""
ANOMALY_TABLES = {
    "smtp": "anomaly/34_smtp.npz",
    "mammography": "anomaly/23_mammography.npz",
    "shuttle": "anomaly/32_shuttle.npz",
}
ISOLATION_FOREST_AUC = {"smtp": 0.900, "mammography": 0.864, "shuttle": 0.998}
"""Batch isolation forest, fit on the whole set."""
HALF_SPACE_TREES_AUC = {"smtp": 0.771, "mammography": 0.818, "shuttle": 0.971}
"""River's, prequential."""
FRAUDTWIN_TABLES = (
    "fraudtwin/payments.parquet",
    "fraudtwin/fraud_records.parquet",
    "fraudtwin/fraud_labels.parquet",
)
"""Nothing is published for them."""
