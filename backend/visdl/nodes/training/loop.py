from visdl.nodes import DataType, InputSpec, NodeRegistry, OutputSpec, Param
from visdl.nodes.contract.base import TrainingLoopNode
from visdl.nodes.contract.metrics.names import DEFAULT_MONITOR


@NodeRegistry.register("TrainingLoop")
class TrainingLoop(TrainingLoopNode):
    """Trains the model and evaluates it on the validation data after each epoch."""

    DISPLAY_NAME = "Training Loop"
    PRIMARY = ("epochs",)

    epochs: int = Param(
        10, min=1, max=1_000_000, unit="epochs", description="Passes over the training data"
    )
    keep: str = Param(
        "last",
        choices=["last", "best"],
        description="Weights used by the Evaluator, the export and the weights file",
    )
    monitor: str = Param(
        DEFAULT_MONITOR,
        description="Metric that selects the best epoch, such as val_loss or val_accuracy",
    )
    patience: int | None = Param(
        None,
        min=1,
        unit="epochs",
        description="Epochs without improvement before training stops; empty: never",
    )
    clip_grad_norm: float | None = Param(
        None, min=1e-12, description="Scale gradients down to this norm; empty: off"
    )

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, InputSpec]:
        return {
            "model": InputSpec(DataType.MODEL, required=True, description="The model to train"),
            "optimizer": InputSpec(
                DataType.OPTIMIZER,
                also=DataType.SCHEDULER,
                required=True,
                description="Updates the weights",
            ),
            "loss_fn": InputSpec(
                DataType.LOSS_FN, required=True, description="The loss to minimise"
            ),
            "train_loader": InputSpec(
                DataType.LOADER, also=DataType.DATASET, required=True, description="Training data"
            ),
            "val_loader": InputSpec(
                DataType.LOADER, also=DataType.DATASET, description="Validation data"
            ),
            "metrics": InputSpec(
                DataType.METRICS,
                multiple=True,
                description="Metrics besides those that suit the loss",
            ),
            **cls.PARAMS,
        }

    @classmethod
    def RETURN_TYPES(cls) -> list[OutputSpec]:
        return [OutputSpec(DataType.TRAINING_RESULT, "result")]
