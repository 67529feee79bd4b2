"""What metrics need: their names in a run, their values over an epoch, classes of torchmetrics.

| Module | What it does |
|---|---|
| `names` | the keys of metrics, and which direction is better |
| `running` | metrics that accumulate over the batches of an epoch |
| `torch_metric` | metrics made of classes of torchmetrics |
| `torchmetrics_import` | torchmetrics without what it loads for sound and plots |
"""
