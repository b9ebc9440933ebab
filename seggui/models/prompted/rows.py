"""The prompted models of the table, the best first; the classical ones last."""

from __future__ import annotations

from seggui.core.parameters import Parameter
from seggui.core.ports import ModelInfo
from seggui.models.prompted.classical.rows import CLASSICAL
from seggui.models.released import WEIGHTS
from seggui.models.row import Row

_APACHE = "Apache-2.0"
_SAM_PAPER = "Kirillov et al. 2023, arXiv:2304.02643"
_HQ_PAPER = "Ke et al. 2023, arXiv:2306.01567"
_MOBILE_PAPER = "Zhang et al. 2023, arXiv:2306.14289"
_SAM2_PAPER = "Ravi et al. 2024, arXiv:2408.00714"
_SAM3_PAPER = "Carion et al. 2025, arXiv:2511.16719"
_EDGETAM_PAPER = "Zhou et al. 2025, arXiv:2501.07256"
_OPEN = "seggui.models.prompted.sam.opening:open_first"

ZOOM = Parameter(
    "zoom",
    "Look closer at small objects",
    default=True,
    hint="A small object is encoded again on its own, which takes as long as opening "
    "the image, and its edge gets finer.",
)
"""Read by every model of the SAM family."""


SURENESS = Parameter(
    "sureness",
    "Least sureness of words and examples",
    default=0.5,
    low=0.0,
    high=1.0,
    step=0.05,
    hint="Lower, and more objects are found that are not quite what is meant.",
)


def _first(model_id: str, title: str, paper: str, size: str = "1024") -> Row:
    """SAM, and what shares its prompts and its decoder."""
    info = ModelInfo(
        id=model_id,
        title=title,
        kind="prompted",
        paper=paper,
        code_licence=_APACHE,
        weights_licence=_APACHE,
        weights=WEIGHTS[model_id],
        needs_weights=True,
        candidates=3,
        reads=frozenset(("points", "box")),
        parameters=(ZOOM,),
        input_size=f"longest side {size}",
    )
    return Row(info, _OPEN)


def _second(model_id: str, title: str, paper: str = _SAM2_PAPER) -> Row:
    """SAM 2.1, and what shares its prompts, its decoder and its memory."""
    info = ModelInfo(
        id=model_id,
        title=title,
        kind="prompted",
        paper=paper,
        code_licence=_APACHE,
        weights_licence=_APACHE,
        weights=WEIGHTS[model_id],
        needs_weights=True,
        candidates=3,
        parameters=(ZOOM,),
        input_size="1024 x 1024",
    )
    return Row(
        info,
        "seggui.models.prompted.sam.sam2:open_second",
        "seggui.models.propagation.memory:open_memory",
    )


# What answers fast on a processor stands first: whoever put a larger file there may
# choose it, and a first click must not take half a minute.
_SECOND = (
    _second("edgetam", "EdgeTAM", _EDGETAM_PAPER),
    _second("sam2.1-tiny", "SAM 2.1 tiny"),
    _second("sam2.1-small", "SAM 2.1 small"),
    _second("sam2.1-base-plus", "SAM 2.1 base+"),
    _second("sam2.1-large", "SAM 2.1 large"),
)

_THIRD = (
    Row(
        ModelInfo(
            id="sam3",
            title="SAM 3",
            kind="prompted",
            paper=_SAM3_PAPER,
            code_licence=_APACHE,
            weights_licence="SAM License (Meta), given on request at "
            "https://huggingface.co/facebook/sam3",
            weights=WEIGHTS["sam3"],
            needs_weights=True,
            candidates=100,
            reads=frozenset(("points", "box", "text", "exemplars")),
            parameters=(ZOOM, SURENESS),
            input_size="1008 x 1008",
        ),
        "seggui.models.prompted.sam.sam3:open_third",
        "seggui.models.propagation.third:open_memory",
        slow=True,
    ),
)

_FIRST = (
    _first(
        "hq-sam-vit-h",
        "HQ-SAM ViT-H",
        _HQ_PAPER,
    ),
    _first(
        "sam-vit-h",
        "SAM ViT-H",
        _SAM_PAPER,
    ),
    _first(
        "hq-sam-vit-l",
        "HQ-SAM ViT-L",
        _HQ_PAPER,
    ),
    _first(
        "sam-vit-l",
        "SAM ViT-L",
        _SAM_PAPER,
    ),
    _first(
        "hq-sam-vit-b",
        "HQ-SAM ViT-B",
        _HQ_PAPER,
    ),
    _first(
        "sam-vit-b",
        "SAM ViT-B",
        _SAM_PAPER,
    ),
    _first(
        "hq-sam-light",
        "Light HQ-SAM",
        _HQ_PAPER,
    ),
    _first(
        "mobile-sam",
        "MobileSAM",
        _MOBILE_PAPER,
    ),
)

_BUILT_IN = (
    Row(
        ModelInfo(
            id="clicknet",
            title="Click network",
            kind="prompted",
            paper="A U-Net on clicks, the mask so far and what the classic model "
            "knows; see the decision record",
            code_licence=_APACHE,
            weights_licence=_APACHE,
            trainable=True,
            candidates=3,
            input_size="any, in windows of 192",
        ),
        "seggui.models.prompted.clicknet.model:ClickNetModel",
    ),
    Row(
        ModelInfo(
            id="classic",
            title="Classic",
            kind="prompted",
            paper="Region trees, geodesic distance and graph cuts; see the decision "
            "record",
            code_licence=_APACHE,
            candidates=3,
            input_size="any",
        ),
        "seggui.models.prompted.classic:ClassicModel",
    ),
)

PROMPTED = (*_SECOND, *_FIRST, *_THIRD, *_BUILT_IN, *CLASSICAL)


def info_of(model_id: str) -> ModelInfo:
    """What the table says of a prompted model."""
    return next(row.info for row in PROMPTED if row.info.id == model_id)
