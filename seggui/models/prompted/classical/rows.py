"""The classical methods of the table of models, and what can be set of each."""

from __future__ import annotations

from seggui.core.parameters import Parameter
from seggui.core.ports import ModelInfo
from seggui.models.row import Row

SPACES = {"rgb": "RGB", "lab": "Lab", "hsv": "HSV", "grey": "Grey"}
"""Titles of the spaces that colours may be compared in."""

CHANNELS: dict[str, tuple[str, str, int]] = {
    "grey": ("Grey", "grey", 0),
    "red": ("Red", "rgb", 0),
    "green": ("Green", "rgb", 1),
    "blue": ("Blue", "rgb", 2),
    "hue": ("Hue", "hsv", 0),
    "saturation": ("Saturation", "hsv", 1),
    "lightness": ("Lightness", "lab", 0),
    "a": ("Green to red (a)", "lab", 1),
    "b": ("Blue to yellow (b)", "lab", 2),
}
"""Titles, spaces and places of single channels."""


def _method(
    builder: str,
    model_id: str,
    title: str,
    paper: str,
    *parameters: Parameter,
    candidates: int = 1,
) -> Row:
    info = ModelInfo(
        id=model_id,
        title=title,
        kind="prompted",
        paper=paper,
        code_licence="Apache-2.0",
        candidates=candidates,
        reads=frozenset(("points", "box", "scribbles", "rough")),
        parameters=parameters,
        classical=True,
        input_size="any",
    )
    return Row(info, f"seggui.models.prompted.classical.{builder}")


def _number(
    name: str,
    title: str,
    default: int | float,
    limits: tuple[float, ...],
    hint: str,
    unit: str = "",
) -> Parameter:
    """A number with its lowest and highest value and, where it is not 1, its step."""
    low, high = limits[:2]
    step = limits[2] if len(limits) > 2 else 1.0
    return Parameter(name, title, default, low, high, step, unit=unit, hint=hint)


def _space(default: str) -> Parameter:
    return Parameter(
        "space",
        "Colour space",
        default,
        choices=tuple(SPACES.items()),
        hint="How colours are compared. Lab is nearest to the eye.",
    )


CLASSICAL = (
    _method(
        "wand:Wand",
        "wand",
        "Magic wand",
        "Flood fill by colour tolerance",
        _number(
            "tolerance",
            "Tolerance",
            32,
            (0, 255),
            "How far each channel of a colour may be away, of 255.",
        ),
        Parameter(
            "contiguous",
            "Contiguous",
            True,
            hint="Only what hangs together with the click, not all of that colour.",
        ),
        _space("rgb"),
        _number(
            "sample",
            "Sample",
            3,
            (1, 101, 2),
            "Side of the square around the click whose mean colour counts.",
            unit="px",
        ),
        _number(
            "smooth",
            "Smooth",
            1,
            (0, 10),
            "Takes the median of so many pixels around first, against holes by noise.",
            unit="px",
        ),
    ),
    _method(
        "superpixels:Superpixels",
        "superpixels",
        "Superpixels",
        "Achanta et al. 2012 (SLIC); Felzenszwalb and Huttenlocher 2004",
        Parameter(
            "method",
            "Method",
            "slic",
            choices=(("slic", "SLIC (even)"), ("felzenszwalb", "Felzenszwalb (free)")),
            hint="Even ones are all about as large; free ones follow the image more.",
        ),
        _number(
            "size",
            "Size",
            20,
            (5, 200),
            "Side of the middle ones, in a picture of 80,000 pixels.",
            unit="px",
        ),
        _number(
            "compactness",
            "Compactness",
            10.0,
            (0.1, 100.0, 1.0),
            "How round SLIC makes them, against following colours.",
        ),
        candidates=3,
    ),
    _method(
        "grabcut:GrabCut",
        "grabcut",
        "GrabCut",
        "Rother, Kolmogorov and Blake 2004",
        _number(
            "iterations",
            "Iterations",
            5,
            (1, 20),
            "Rounds of learning the colours and cutting.",
        ),
        _number(
            "colours",
            "Colours",
            5,
            (1, 10),
            "Colours that object and ground are each made of.",
        ),
        _number(
            "smoothness",
            "Smoothness",
            1.0,
            (0.0, 10.0, 0.1),
            "More of it makes the border shorter and cuts off thin parts.",
        ),
    ),
    _method(
        "graphcut:GraphCut",
        "graphcut",
        "Graph cut",
        "Boykov and Jolly 2001; Li et al. 2004 (Lazy Snapping)",
        _number(
            "smoothness",
            "Smoothness",
            1.0,
            (0.0, 10.0, 0.1),
            "More of it makes the border shorter and cuts off thin parts.",
        ),
        _number(
            "contrast",
            "Contrast",
            5.0,
            (0.0, 20.0, 0.5),
            "How much cheaper the border is along edges of the image.",
        ),
        _number(
            "colour",
            "Colour",
            1.0,
            (0.0, 5.0, 0.1),
            "How much the colours under the marks count. 0: only edges count.",
        ),
    ),
    _method(
        "walker:RandomWalker",
        "random-walker",
        "Random walker",
        "Grady 2006, Random Walks for Image Segmentation",
        _number(
            "beta",
            "Beta",
            90.0,
            (1.0, 1000.0, 10.0),
            "How much harder a step over an edge is than one without.",
        ),
        _number(
            "colour",
            "Colour",
            1.0,
            (0.0, 10.0, 0.1),
            "How much the colours under the marks count. 0: only edges count.",
        ),
    ),
    _method(
        "watershed:Watershed",
        "watershed",
        "Watershed",
        "Beucher and Meyer 1993; Neubert and Protzel 2014",
        _number(
            "compactness",
            "Compactness",
            0.0,
            (0.0, 1.0, 0.01),
            "More of it lets marks grow evenly, whatever the edges.",
        ),
        _number(
            "detail",
            "Detail",
            1.0,
            (0.5, 4.0, 0.25),
            "Edges finer than this are passed over.",
            unit="px",
        ),
    ),
    _method(
        "growing:RegionGrowing",
        "growing",
        "Region growing",
        "Adams and Bischof 1994, Seeded Region Growing",
        _number(
            "tolerance",
            "Tolerance",
            2.5,
            (0.1, 20.0, 0.1),
            "How many of its own standard deviations a region reaches out.",
        ),
        _number(
            "least",
            "Least tolerance",
            12,
            (0, 255),
            "What every channel may differ by, however even the region is.",
        ),
        _number(
            "edges",
            "Stop at edges",
            60,
            (0, 255),
            "Steps between neighbours from here on are not crossed. 0: all are.",
        ),
        _space("lab"),
    ),
    _method(
        "meanshift:MeanShift",
        "mean-shift",
        "Mean-shift regions",
        "Comaniciu and Meer 2002",
        _number(
            "places",
            "Reach in space",
            8,
            (2, 30),
            "How far pixels look for others, in a picture of 50,000 pixels.",
            unit="px",
        ),
        _number(
            "colours",
            "Reach in colour",
            20,
            (2, 100),
            "How different two colours may be and still gather.",
        ),
        _number(
            "join",
            "Join",
            8,
            (0, 60),
            "Neighbours that gathered so near to each other are one region.",
        ),
    ),
    _method(
        "threshold:Threshold",
        "threshold",
        "Threshold",
        "Otsu 1979; adaptive means",
        Parameter(
            "method",
            "Level",
            "otsu",
            choices=(
                ("otsu", "Otsu"),
                ("mean", "Mean of the surroundings"),
                ("gaussian", "Weighted mean of the surroundings"),
                ("manual", "By hand"),
            ),
            hint="How the level is found.",
        ),
        Parameter(
            "channel",
            "Channel",
            "grey",
            choices=tuple((name, title) for name, (title, _, _) in CHANNELS.items()),
            hint="What is compared with the level.",
        ),
        Parameter(
            "objects",
            "Objects",
            "auto",
            choices=(
                ("auto", "As where clicked"),
                ("light", "Lighter"),
                ("dark", "Darker"),
            ),
            hint="Which side of the level the object is on.",
        ),
        _number("level", "Level by hand", 128, (0, 255), "Used when set by hand."),
        _number(
            "surroundings",
            "Surroundings",
            51,
            (3, 501, 2),
            "Side of the square whose mean each pixel is compared with.",
            unit="px",
        ),
        _number(
            "offset",
            "Offset",
            5,
            (-100, 100),
            "How much a pixel must differ from the mean of its surroundings.",
        ),
    ),
    _method(
        "geodesic:Geodesic",
        "geodesic",
        "Geodesic contour",
        "Caselles et al. 1997; Márquez-Neila et al. 2014",
        _number("iterations", "Iterations", 120, (1, 2000, 10), "At most so many."),
        _number(
            "smoothing",
            "Smoothing",
            1,
            (0, 10),
            "How often the curve is rounded off in each round.",
        ),
        Parameter(
            "balloon",
            "Balloon",
            "auto",
            choices=(
                ("auto", "By the mark"),
                ("out", "Outwards"),
                ("in", "Inwards"),
                ("none", "None"),
            ),
            hint="Where the curve goes without edges; outwards from clicks, inwards "
            "from boxes and drawings.",
        ),
        _number(
            "edge",
            "Edge",
            0.36,
            (0.02, 1.0, 0.02),
            "Strength at which an edge stops the curve.",
        ),
        _number(
            "reach",
            "First disc",
            0.05,
            (0.01, 0.5, 0.01),
            "Radius around a click where the curve begins, of the shorter side.",
        ),
    ),
    _method(
        "chanvese:ChanVese",
        "chan-vese",
        "Chan-Vese",
        "Chan and Vese 2001; Márquez-Neila et al. 2014",
        _number("iterations", "Iterations", 60, (1, 1000, 10), "At most so many."),
        _number(
            "smoothing",
            "Smoothing",
            2,
            (0, 10),
            "How often the curve is rounded off in each round.",
        ),
        _number(
            "inside",
            "Weight inside",
            1.0,
            (0.1, 10.0, 0.1),
            "More of it keeps other colours out.",
        ),
        _number(
            "outside",
            "Weight outside",
            1.0,
            (0.1, 10.0, 0.1),
            "More of it takes in all that is unlike the surroundings.",
        ),
        _number(
            "reach",
            "First disc",
            0.08,
            (0.01, 0.5, 0.01),
            "Radius around a click where the curve begins, of the shorter side.",
        ),
    ),
    _method(
        "snake:Snake",
        "snake",
        "Snake (active contour)",
        "Kass, Witkin and Terzopoulos 1988",
        _number("iterations", "Iterations", 300, (10, 5000, 10), "At most so many."),
        _number(
            "elasticity",
            "Elasticity",
            0.01,
            (0.0, 1.0, 0.005),
            "How hard the line pulls itself together.",
        ),
        _number(
            "stiffness",
            "Stiffness",
            1.0,
            (0.0, 50.0, 0.5),
            "How hard the line is to bend.",
        ),
        _number(
            "edges",
            "Edges",
            1.0,
            (0.0, 10.0, 0.1),
            "How strongly edges attract the line.",
        ),
        _number(
            "reach",
            "First disc",
            0.2,
            (0.01, 0.5, 0.01),
            "Radius around a click where the line begins, of the shorter side.",
        ),
    ),
)


def info_of(model_id: str) -> ModelInfo:
    """What the table says of a method."""
    return next(row.info for row in CLASSICAL if row.info.id == model_id)
