"""The user's own library of blocks."""

from __future__ import annotations

from fastapi import APIRouter

from visdl.api.deps import Deps
from visdl.api.json_body import JsonRoute
from visdl.models.catalogue import BlockRecord, NewBlock
from visdl.models.errors import InvalidInputError

router = APIRouter(prefix="/blocks", tags=["blocks"], route_class=JsonRoute)


@router.get("", operation_id="listBlocks")
def list_blocks(deps: Deps) -> list[BlockRecord]:
    """Return the blocks of the library, by name."""
    return deps.store.blocks()


@router.post("", operation_id="createBlock", status_code=201)
def create_block(block: NewBlock, deps: Deps) -> BlockRecord:
    """Keep a block, with those that it uses, for other graphs."""
    if block.block not in block.blocks:
        raise InvalidInputError(
            f"'{block.block}' is not among the blocks that came with it.", field="block"
        )
    return deps.store.add_block(block)


@router.delete("/{block_id}", operation_id="deleteBlock", status_code=204)
def delete_block(block_id: str, deps: Deps) -> None:
    """Remove a block from the library; graphs that use it keep their copy."""
    deps.store.delete_block(block_id)
