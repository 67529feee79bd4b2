from typing import Any

from visdl.datasets.dataset import Dataset
from visdl.models.errors import InvalidInputError
from visdl.nodes import DataNode, DataType, NodeRegistry, OutputSpec, Param


@NodeRegistry.register("CSVLoader")
class CSVLoader(DataNode):
    """Brings a table of the Datasets panel, with the columns to learn from and those to predict."""

    DISPLAY_NAME = "CSV Loader"
    PRIMARY = ("file", "input_columns", "target_columns")

    file: str = Param(
        "", widget="dataset", description="A dataset by name (the newest of that name) or by id"
    )
    input_columns: str = Param(
        "",
        widget="columns",
        label="Inputs",
        description="Comma list, globs such as s_* allowed; empty: all numeric columns but the targets",
    )
    target_columns: str = Param(
        "", widget="columns", label="Targets", description="Comma list of the columns to predict"
    )

    @classmethod
    def RETURN_TYPES(cls) -> list[OutputSpec]:
        return [OutputSpec(DataType.DATASET, "dataset", "The chosen columns of the table")]

    def infer(self, **kwargs: Any) -> tuple[Dataset]:
        dataset = kwargs["file"]
        if not isinstance(dataset, Dataset):
            raise InvalidInputError(
                "No file is chosen.", hint="Choose a dataset, or upload a CSV file.", field="file"
            )
        return (dataset.select(self.input_columns, self.target_columns),)
