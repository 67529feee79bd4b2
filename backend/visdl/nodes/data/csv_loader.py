from typing import Any

from visdl.datasets.dataset import Dataset
from visdl.models.errors import InvalidInputError
from visdl.nodes import DataNode, DataType, NodeRegistry, OutputSpec, Param


@NodeRegistry.register("CSVLoader")
class CSVLoader(DataNode):
    """Loads a table of the Datasets panel and selects its input and target columns."""

    DISPLAY_NAME = "CSV Loader"
    PRIMARY = ("file", "input_columns", "target_columns")

    file: str = Param(
        "", widget="dataset", description="A dataset by name (the newest of that name) or by id"
    )
    input_columns: str = Param(
        "",
        widget="columns",
        label="Inputs",
        description="Comma list, globs such as s_* allowed; empty: all numeric non-target columns",
    )
    target_columns: str = Param(
        "", widget="columns", label="Targets", description="Comma list of the columns to predict"
    )

    @classmethod
    def RETURN_TYPES(cls) -> list[OutputSpec]:
        return [OutputSpec(DataType.DATASET, "dataset", "The selected columns of the table")]

    def infer(self, **kwargs: Any) -> tuple[Dataset]:
        dataset = kwargs["file"]
        if not isinstance(dataset, Dataset):
            raise InvalidInputError(
                "No file is selected.", hint="Select a dataset, or upload a CSV file.", field="file"
            )
        return (dataset.select(self.input_columns, self.target_columns),)
