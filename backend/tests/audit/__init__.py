"""The tables of the audit: values of VisDL against those of independent libraries.

| Table | Rows | Compared with |
|---|---|---|
| `test_losses` | each loss, reduction and parameter | formulas in plain torch, float64 |
| `test_optimizers` | each optimizer, with its defaults and other values | a loop with torch.optim |
| `test_schedulers` | each scheduler, by epoch and by step | a loop with torch.optim.lr_scheduler |
| `test_metrics` | each metric, loss and shape of target | torchmetrics, scikit-learn and scipy |
| `test_splits` | each way to split | scikit-learn's splitters |

The rows come from the registry: a node type that is added is compared without a change here.
"""
