"""Where to compute: CUDA, Apple's MPS or the processor, and why."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from seggui.errors import BadRequest


@dataclass(frozen=True, slots=True)
class Device:
    """A device and the reason it was taken, to be shown and written down."""

    name: str
    """``cpu``, ``cuda`` or ``mps``."""
    reason: str

    @property
    def torch(self) -> torch.device:
        return torch.device(self.name)


def choose(wish: str = "auto") -> Device:
    """Return the device wished for, or the best there is for ``auto``.

    Raises ``BadRequest`` when a named device is not there: falling back without a
    word would hide why everything is slow.
    """
    if wish == "cpu":
        return Device("cpu", "asked for")
    found = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if wish in found:
        if not found[wish]:
            raise BadRequest(
                f"There is no usable {wish.upper()} device here; "
                "choose the device auto or cpu."
            )
        return Device(wish, "asked for")
    if wish != "auto":
        raise BadRequest(
            f"There is no device called {wish!r}; use auto, cpu, cuda or mps."
        )
    if found["cuda"]:
        return Device("cuda", f"found {torch.cuda.get_device_name(0)}")
    # MPS gives wrong results in silence for some operators
    # (https://github.com/pytorch/pytorch/issues/150967): only on request.
    if found["mps"]:
        return Device("cpu", "Apple's GPU is only used on request (device mps)")
    return Device("cpu", "no GPU found")


def half_precision(device: Device, wish: str = "auto") -> bool:
    """Whether to compute in bfloat16; ``auto`` only where the hardware has it."""
    if wish == "float32":
        return False
    if wish == "bfloat16":
        return True
    if device.name == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device.name == "cpu" and bfloat16_in_hardware()


def bfloat16_in_hardware() -> bool:
    """Whether this processor multiplies bfloat16 itself; emulation is slower."""
    capabilities = torch.backends.cpu.get_cpu_capability()
    if not capabilities.startswith("AVX512"):
        return False
    probe = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return bool(probe is not None and probe())


def out_of_memory(error: BaseException) -> bool:
    """Whether the error says that memory ran out, of the device or of the machine."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    text = str(error)
    return isinstance(error, RuntimeError) and (
        "can't allocate memory" in text or "out of memory" in text
    )
