"""Dense conditional random fields: boundaries that follow the image's edges.

Krähenbühl and Koltun, "Efficient inference in fully connected CRFs with Gaussian edge
potentials" (2011), with the kernels and defaults used by DeepLab (Chen et al., 2015).
The library holds Python's lock all the while and can crash the process on values it
does not check, so everything is checked here and the program runs it in a process of
its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from types import ModuleType

import cv2
import numpy as np
from numpy.typing import NDArray

from seggui.core.candidate import Probability
from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.ports import Report, unwatched
from seggui.errors import BadRequest, SegguiError

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class CrfOptions:
    """Kernels and rounds of the dense CRF."""

    iterations: int = 5
    bilateral_sxy_px: float = 80
    bilateral_srgb: float = 13
    """In grey levels of 0 to 255."""
    bilateral_compat: float = 10
    gaussian_sxy_px: float = 3
    gaussian_compat: float = 3
    confidence: float = 0.9
    """Probability of the pixels of a mask that comes without probabilities."""

    def __post_init__(self) -> None:
        for name, (smallest, largest) in _LIMITS.items():
            value = getattr(self, name)
            if not (math.isfinite(value) and smallest <= value <= largest):
                raise BadRequest(
                    f"The CRF's {name} must be a number from {smallest:g} to "
                    f"{largest:g}, not {value}."
                )
        if int(self.iterations) != self.iterations:
            raise BadRequest(
                f"The CRF's iterations must be a whole number, not {self.iterations}."
            )


# Kernels narrower than this crash the library or cannot be told from no kernel.
_LIMITS = {
    "iterations": (1, 50),
    "bilateral_sxy_px": (0.5, 500),
    "bilateral_srgb": (1, 255),
    "bilateral_compat": (0, 100),
    "gaussian_sxy_px": (0.25, 100),
    "gaussian_compat": (0, 100),
    "confidence": (0.51, 0.999),
}

_SUREST = 1e-4
"""No pixel is surer than this: an energy that is not finite spoils all others."""


_REACHES = (4.0, 3.5, 3.0, 2.5)
"""How many widths of the colour kernel the crop goes beyond the object. What is
farther away hardly counts; the wider crop is nearer to the result of the whole image
and is taken as long as it needs no reduced size."""
_MOST_PIXELS = 900_000
"""Larger crops are worked on at reduced size and the probabilities enlarged. At this
size the result on photographs differs from that at full size by less than 1 % of the
object, except for objects made of parts a few pixels wide."""
_UNLIKELY = 0.05
"""What stays below this everywhere is left out."""


def refined(
    mask: Mask,
    probability: Probability | None,
    image_hwc: NDArray[np.uint8],
    options: CrfOptions,
    report: Report = unwatched,
) -> Mask:
    """Return the mask after inference with two classes, object and rest.

    The image is RGB, axes (y, x, 3), of the mask's size. Without probabilities the
    mask counts with ``options.confidence``.
    """
    box = mask.bbox if probability is None else mask.bbox.union(_likely(probability))
    if box.empty:
        return mask
    for reach in _REACHES:
        crop = box.grown(math.ceil(reach * options.bilateral_sxy_px))
        crop = crop.clipped(mask.width, mask.height)
        if crop.area <= _MOST_PIXELS:
            break
    box = crop
    inside_hw = _inside(mask, probability, box, options.confidence)
    result_chw = _at_size(
        np.stack([1 - inside_hw, inside_hw]),
        image_hwc[box.slices],
        options,
        report,
    )
    return mask.with_window(box, result_chw[1] > result_chw[0])


def _likely(probability: Probability) -> Box:
    """The box around all pixels that may belong to the object."""
    likely = Mask.from_dense(probability.values_hw >= 255 * _UNLIKELY).bbox
    return likely.moved(probability.box.x0, probability.box.y0)


def _inside(
    mask: Mask, probability: Probability | None, box: Box, confidence: float
) -> Floats:
    if probability is None:
        window = mask.window(box)
        return np.where(window, confidence, 1 - confidence).astype(np.float32)
    inside_hw = np.zeros((box.height, box.width), np.float32)
    part = probability.box.intersection(box)
    if not part.empty:
        theirs = part.moved(-probability.box.x0, -probability.box.y0).slices
        values = probability.values_hw[theirs] / np.float32(255)
        inside_hw[part.moved(-box.x0, -box.y0).slices] = values
    return inside_hw


def _at_size(
    probabilities_chw: Floats,
    image_hwc: NDArray[np.uint8],
    options: CrfOptions,
    report: Report,
) -> Floats:
    """Infer at the size that keeps to ``_MOST_PIXELS``; kernels shrink with it."""
    height, width = image_hwc.shape[:2]
    scale = math.sqrt(_MOST_PIXELS / (height * width))
    if scale >= 1:
        return inferred(probabilities_chw, image_hwc, options, report)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small_chw = inferred(
        np.stack([_resized(layer, size) for layer in probabilities_chw]),
        np.asarray(cv2.resize(image_hwc, size, interpolation=cv2.INTER_AREA), np.uint8),
        replace(
            options,
            bilateral_sxy_px=_scaled(options, "bilateral_sxy_px", scale),
            gaussian_sxy_px=_scaled(options, "gaussian_sxy_px", scale),
        ),
        report,
    )
    # Inference leaves little between 0 and 1. Logarithms still tell how sure each
    # side is, so enlarged as such the boundary lands nearer to its place.
    logs_chw = np.log(np.clip(small_chw, _SUREST, 1))
    large_chw = np.stack([_resized(layer, (width, height)) for layer in logs_chw])
    np.exp(large_chw, out=large_chw)
    large_chw /= large_chw.sum(axis=0)
    return large_chw


def _resized(layer_hw: Floats, size: tuple[int, int]) -> Floats:
    smaller = size[0] < layer_hw.shape[1]
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(layer_hw, size, interpolation=how), np.float32)


def _scaled(options: CrfOptions, name: str, scale: float) -> float:
    return max(_LIMITS[name][0], float(getattr(options, name)) * scale)


def inferred(
    probabilities_chw: NDArray[np.floating],
    image_hwc: NDArray[np.uint8],
    options: CrfOptions,
    report: Report = unwatched,
) -> Floats:
    """Return the probabilities of each class after inference, axes (class, y, x)."""
    _check(probabilities_chw, image_hwc)
    library = _library()
    classes, height, width = probabilities_chw.shape
    field = library.DenseCRF2D(width, height, classes)
    sure = np.clip(np.asarray(probabilities_chw, np.float32), _SUREST, 1)
    field.setUnaryEnergy(np.ascontiguousarray(-np.log(sure).reshape(classes, -1)))
    report(0, options.iterations, "Sharp edges")
    if options.gaussian_compat > 0:
        field.addPairwiseGaussian(
            sxy=options.gaussian_sxy_px, compat=options.gaussian_compat
        )
    if options.bilateral_compat > 0:
        field.addPairwiseBilateral(
            sxy=options.bilateral_sxy_px,
            srgb=options.bilateral_srgb,
            # The library refuses views and read-only arrays.
            rgbim=np.array(image_hwc, dtype=np.uint8, order="C"),
            compat=options.bilateral_compat,
        )
    now, first, second = field.startInference()
    for done in range(options.iterations):
        report(done, options.iterations, "Sharp edges")
        field.stepInference(now, first, second)
    report(options.iterations, options.iterations, "Sharp edges")
    result = np.array(now, dtype=np.float32).reshape(classes, height, width)
    if not np.isfinite(result).all():
        raise SegguiError(
            "The CRF gave no usable answer with these numbers; the mask is unchanged. "
            "Use a smaller weight or the default numbers."
        )
    return result


def _check(
    probabilities_chw: NDArray[np.floating], image_hwc: NDArray[np.uint8]
) -> None:
    if probabilities_chw.ndim != 3 or len(probabilities_chw) < 2:
        raise BadRequest("The CRF needs probabilities of at least two classes.")
    if image_hwc.dtype != np.uint8 or image_hwc.shape[2:] != (3,):
        raise BadRequest("The CRF needs an RGB image of 8 bits a channel.")
    if probabilities_chw.shape[1:] != image_hwc.shape[:2] or not image_hwc.size:
        raise BadRequest("The CRF needs probabilities of the image's size.")
    if not np.isfinite(probabilities_chw).all():
        raise BadRequest("The CRF was given a probability that is not a number.")


def _library() -> ModuleType:
    try:
        from pydensecrf import densecrf
    except ImportError as error:
        raise SegguiError(
            "The CRF step needs the library pydensecrf2, which is not installed "
            f"({error}); all other steps work. Install it with 'pip install "
            "pydensecrf2' (it needs a C++ compiler), then try again."
        ) from None
    return densecrf  # type: ignore[no-any-return]
