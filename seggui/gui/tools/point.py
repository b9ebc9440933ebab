"""Points: click what belongs to the object and what does not."""

from __future__ import annotations

from dataclasses import replace

from seggui.core.prompt import Point, Prompt
from seggui.gui.canvas.pointer import Pointer
from seggui.gui.tools.marks import CLICK_REACH, MarkTool
from seggui.gui.tools.tool import Gesture, selected_segment

_HIT_REACH = 9.0


class PointTool(MarkTool):
    """Left adds, right or Alt subtracts; a point can be dragged or clicked away."""

    def begin(self, pointer: Pointer) -> Gesture | None:
        index = self._hit(pointer)
        if index is not None:
            return self._drag(pointer, index)
        return self._add(pointer)

    def _add(self, pointer: Pointer) -> Gesture:
        """Show the point at once, ask when the button comes up where it is."""
        prompt = self.started()
        points = prompt.points
        try:
            while self.image_box.contains(*pointer.xy):
                point = Point(*pointer.xy, self.positive(pointer))
                prompt = replace(prompt, points=(*points, point))
                self.easel.show_prompt(prompt)
                following = yield
                if following is None:
                    self.desk.ask(prompt)
                    return
                pointer = replace(following, alt=pointer.alt)
            while (yield) is not None:
                pass  # The mouse went off the image: nothing is asked.
        finally:
            self.easel.show_prompt(None)

    def _drag(self, pointer: Pointer, index: int) -> Gesture:
        prompt, first, moved = self.desk.prompt, pointer, False
        try:
            while (following := (yield)) is not None:
                pointer = following
                moved = moved or not pointer.near(*first.xy, CLICK_REACH)
                if moved:
                    self.easel.show_prompt(self._with_moved(prompt, index, pointer))
            if moved:
                self.desk.ask(self._with_moved(prompt, index, pointer))
            else:
                points = prompt.points[:index] + prompt.points[index + 1 :]
                rest = replace(prompt, points=points)
                self.desk.ask(Prompt() if rest.empty else rest)
        finally:
            self.easel.show_prompt(None)

    def _with_moved(self, prompt: Prompt, index: int, pointer: Pointer) -> Prompt:
        points, place = list(prompt.points), self.point_at(pointer)
        points[index] = replace(points[index], x=place.x, y=place.y)
        return replace(prompt, points=tuple(points))

    def started(self) -> Prompt:
        """The prompt so far; a new one corrects the selected segment, if any."""
        prompt = super().started()
        segment = selected_segment(self.desk)
        if prompt.empty and segment is not None and not segment.locked:
            return replace(prompt, previous=segment.mask)
        return prompt

    def _hit(self, pointer: Pointer) -> int | None:
        """The newest point under the mouse."""
        points = self.desk.prompt.points
        for index in reversed(range(len(points))):
            if pointer.near(points[index].x, points[index].y, _HIT_REACH):
                return index
        return None
