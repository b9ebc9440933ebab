"""One object on many images: segments that belong together, and new ones for it.

Segments of one object share a track. It is kept in the prompts of their source, as
``{"track": id, "from": image}``; the segment a track began with needs no entry, since
its own id names the track.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from seggui.core import edits
from seggui.core.candidate import Followed
from seggui.core.document import Document
from seggui.core.made import KEY, as_made, was_changed
from seggui.core.mask import Mask
from seggui.core.segment import Segment, Source, new_segment_id

TOOL = "propagate"

OnAnnotated = Literal["keep", "add"]
"""What becomes of images with accepted segments: nothing is written to them, or
candidates come beside these and never over them."""


@dataclass(frozen=True, slots=True)
class Seed:
    """An object to be carried to other images."""

    track: str
    mask: Mask
    class_id: int
    name: str = ""


def track_of(segment: Segment) -> str:
    """The object a segment shows."""
    for prompt in segment.source.prompts:
        track = prompt.get("track")
        if isinstance(track, str) and track:
            return track
    return segment.id


def seeds_of(segments: Sequence[Segment]) -> tuple[Seed, ...]:
    """What can be carried on from an image; parts of one object become one mask."""
    seeds: dict[str, Seed] = {}
    for segment in segments:
        if segment.mask.is_empty:
            continue
        track = track_of(segment)
        known = seeds.get(track)
        if known is not None:
            seeds[track] = replace(known, mask=known.mask.union(segment.mask))
        else:
            seeds[track] = Seed(track, segment.mask, segment.class_id, segment.name)
    return tuple(seeds.values())


def known_on(document: Document | None, tracks: Sequence[str]) -> dict[str, Mask]:
    """Where a person said that objects of these tracks are on an image."""
    if document is None:
        return {}
    wanted = set(tracks)
    chosen = [s for s in document.accepted if track_of(s) in wanted]
    return {seed.track: seed.mask for seed in seeds_of(chosen)}


def writable(document: Document, on_annotated: OnAnnotated) -> bool:
    """Whether a propagation may put candidates on an image."""
    if document.state == "done":
        return False
    return on_annotated == "add" or not document.accepted


def with_followed(
    document: Document,
    found: Mapping[str, Followed],
    seeds: Sequence[Seed],
    model: str,
    from_image: str,
    on_annotated: OnAnnotated = "keep",
) -> Document:
    """Put objects that were followed here on top, as candidates to review.

    Candidates that an earlier propagation made of the same objects go, but not one
    that a person changed since: its object is left as it is here. What is accepted
    stays, and keeps its pixels.
    """
    if not writable(document, on_annotated):
        return document
    earlier = [
        segment
        for segment in document.segments
        if segment.source.tool == TOOL
        and not segment.accepted
        and not segment.locked
        and track_of(segment) in found
    ]
    changed = {track_of(segment) for segment in earlier if was_changed(segment)}
    old = [segment.id for segment in earlier if track_of(segment) not in changed]
    document = edits.remove_segments(document, old)
    segments = []
    for seed in seeds:
        followed = found.get(seed.track)
        if followed is None or seed.track in changed:
            continue
        mask = followed.mask
        for other in document.accepted:
            mask = mask.difference(other.mask)
        if not mask.is_empty:
            segments.append(_candidate(seed, followed, mask, model, from_image))
    return edits.add_segments(document, segments)


def _candidate(
    seed: Seed, followed: Followed, mask: Mask, model: str, from_image: str
) -> Segment:
    prompt = {
        "track": seed.track,
        "from": from_image,
        KEY: as_made(mask, seed.class_id),
    }
    score = round(float(followed.score), 4)
    return Segment(
        mask,
        seed.class_id,
        Source(TOOL, model, (prompt,), score=score),
        id=new_segment_id(),
        name=seed.name,
        status="candidate",
    )
