"""The table of refinement steps: what each is called, takes and does.

The panel and the command line read it; ``running`` has the function of each row.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from seggui.errors import BadRequest


@dataclass(frozen=True, slots=True)
class Parameter:
    """One number of a step, with the range in which it makes sense."""

    name: str
    label: str
    default: float
    smallest: float
    largest: float
    unit: str = ""
    whole: bool = False
    """True when only whole numbers are allowed."""
    help: str = ""

    def text_of(self, value: float) -> str:
        """The number as recipes write it; reading it gives the same number."""
        return str(int(value)) if float(value).is_integer() else repr(float(value))

    @property
    def range_text(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        unit = f" {self.unit}" if self.unit else ""
        low, high = self.text_of(self.smallest), self.text_of(self.largest)
        return f"{kind} from {low} to {high}{unit}"


@dataclass(frozen=True, slots=True)
class Step:
    """One way to change a mask."""

    id: str
    title: str
    effect: str
    """What it does to a mask, in one sentence."""
    parameters: tuple[Parameter, ...] = ()
    needs_image: bool = False
    splits: bool = False
    """True when several masks may come out of one."""
    index: dict[str, Parameter] = field(
        init=False, default_factory=dict, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        self.index.update({row.name: row for row in self.parameters})

    @property
    def defaults(self) -> dict[str, float]:
        return {row.name: row.default for row in self.parameters}


def _radius(default: float, help_text: str) -> tuple[Parameter, ...]:
    return (
        Parameter("radius", "Radius", default, 0.5, 200, unit="px", help=help_text),
    )


def _area(default: float, help_text: str) -> tuple[Parameter, ...]:
    return (
        Parameter(
            "area",
            "Area",
            default,
            1,
            1_000_000_000,
            unit="px²",
            whole=True,
            help=help_text,
        ),
    )


STEPS: tuple[Step, ...] = (
    Step(
        "crf",
        "Sharp edges (dense CRF)",
        "Moves the boundary to the edges and colours of the image.",
        (
            Parameter(
                "iterations",
                "Iterations",
                5,
                1,
                50,
                whole=True,
                help="Rounds of mean-field inference; 5 to 10 are enough.",
            ),
            Parameter(
                "sxy",
                "Colour reach",
                80,
                1,
                500,
                unit="px",
                help="How far apart pixels of like colour still pull on each other.",
            ),
            Parameter(
                "srgb",
                "Colour likeness",
                13,
                1,
                255,
                unit="grey levels",
                help="How different two colours may be and still count as alike.",
            ),
            Parameter(
                "compat",
                "Colour weight",
                10,
                0,
                100,
                help="How strongly pixels of like colour pull on each other.",
            ),
            Parameter(
                "gxy",
                "Smoothing reach",
                3,
                0.5,
                100,
                unit="px",
                help="How far neighbours pull on each other whatever their colour.",
            ),
            Parameter(
                "gcompat",
                "Smoothing weight",
                3,
                0,
                100,
                help="How strongly neighbours pull on each other.",
            ),
            Parameter(
                "confidence",
                "Trust in the mask",
                0.9,
                0.51,
                0.999,
                help="How sure the mask is where no model gave probabilities.",
            ),
        ),
        needs_image=True,
    ),
    Step(
        "largest",
        "Keep largest parts",
        "Keeps the largest connected parts and drops the others.",
        (
            Parameter(
                "keep",
                "Parts",
                1,
                1,
                1000,
                whole=True,
                help="How many parts stay, the largest first.",
            ),
        ),
    ),
    Step(
        "drop",
        "Drop small parts",
        "Drops connected parts with fewer pixels than the area.",
        _area(50, "Parts smaller than this are dropped."),
    ),
    Step(
        "fill",
        "Fill holes",
        "Fills holes with fewer pixels than the area.",
        _area(200, "Holes smaller than this are filled."),
    ),
    Step(
        "split",
        "Split into parts",
        "Makes one mask of each connected part, the largest first.",
        splits=True,
    ),
    Step(
        "open",
        "Open",
        "Removes spikes and bridges thinner than the disc, keeps the rest in place.",
        _radius(2, "Radius of the disc."),
    ),
    Step(
        "close",
        "Close",
        "Fills gaps and dents narrower than the disc, keeps the rest in place.",
        _radius(2, "Radius of the disc."),
    ),
    Step(
        "grow",
        "Grow",
        "Moves the boundary outwards.",
        _radius(1, "How far the boundary moves."),
    ),
    Step(
        "shrink",
        "Shrink",
        "Moves the boundary inwards, but not away from the image's edge.",
        _radius(1, "How far the boundary moves."),
    ),
    Step(
        "smooth",
        "Smooth boundary",
        "Rounds off ragged boundaries and keeps the area.",
        (
            Parameter(
                "radius",
                "Radius",
                3,
                0.5,
                50,
                unit="px",
                help="Details and parts smaller than about this vanish.",
            ),
        ),
    ),
    Step(
        "simplify",
        "Simplify outline",
        "Straightens the outline; no point of it moves farther than the tolerance.",
        (
            Parameter(
                "tolerance",
                "Tolerance",
                1,
                0,
                50,
                unit="px",
                help="How far the new outline may run from the old one.",
            ),
        ),
    ),
)

_BY_ID = {step.id: step for step in STEPS}


def step_named(step_id: str) -> Step:
    """The row of that id; raises ``BadRequest`` that lists the steps there are."""
    step = _BY_ID.get(step_id)
    if step is None:
        raise BadRequest(
            f"There is no refinement step '{step_id}'. "
            f"The steps are {', '.join(_BY_ID)}."
        )
    return step
