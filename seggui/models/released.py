"""Released checkpoints: where they lie, how large they are, and who states that.

Figures are copied from public sources that the row names, never guessed. The publishers
of the SAM family state no SHA-256 themselves, so the digests are those that other open
tools check their downloads against, most of them in at least two tools. The digits in
the names of the SAM files are the first of the MD5, not of the SHA-256.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from seggui.core.ports import WeightsFile

_META = "https://dl.fbaipublicfiles.com"
_GITHUB = "https://raw.githubusercontent.com"
_HUGGING_FACE = "https://huggingface.co"
_PYTORCH = "https://download.pytorch.org/models"

_SAM = (
    "SHA-256: micro-sam (micro_sam/util.py of 2023) and SlicerSegmentWithSAM; "
    "bytes: SAMJ and the download tables of other tools"
)
_SAM_HQ_MD5 = (
    "MD5: docs/03-prepare-checkpoints.md of SysCV/sam-pt, by the authors of HQ-SAM, "
    "and IOPaint; size: ISAT, rounded; no public source states a SHA-256"
)
_SAM_HQ = f"{_HUGGING_FACE}/lkeab/hq-sam/resolve"
# The revisions that SysCV/sam-pt names beside its MD5 sums.
_SAM_HQ_FIRST = f"{_SAM_HQ}/67ab82412bc794d5ce2e9799b8b6a3c0a8cfe1d2"
_SAM_HQ_LIGHT = f"{_SAM_HQ}/a3a77cd0a2e5e50eaa76faccf61b964732d9b35f"
_SAM2 = (
    "SHA-256: micro-sam (micro_sam/v2/util.py) and open-edge-platform/model_api; "
    "bytes: SAMJ"
)
_SAM2_1 = f"{_META}/segment_anything_2/092824"
_MOBILE_SAM = f"{_GITHUB}/ChaoningZhang/MobileSAM"
_EDGETAM = f"{_GITHUB}/facebookresearch/EdgeTAM"
_SAM3 = f"{_HUGGING_FACE}/facebook/sam3"
_SAM3_REVISION = "3c879f39826c281e95690f02c7821c4de09afae7"
_SAM3_SOURCE = (
    "SHA-256 and bytes: storytold/lightcraft (tools/install-sam3.sh) for the weights; "
    "a public table that pins revision 3c879f3 for the files beside them"
)
_TORCHVISION = "SHA-256: its first digits are in the file name (torch.hub)"


def _sam(variant: str, size_bytes: int, sha256: str, folder: str) -> WeightsFile:
    name = f"sam_vit_{variant}.pth"
    url = f"{_META}/segment_anything/{name}"
    return WeightsFile(name, url, size_bytes, sha256, source=_SAM, folder=folder)


def _sam2(variant: str, size_bytes: int, sha256: str) -> WeightsFile:
    name = f"sam2.1_hiera_{variant}.pt"
    folder = f"sam2.1-hiera-{variant.replace('_', '-')}"
    url = f"{_SAM2_1}/{name}"
    return WeightsFile(name, url, size_bytes, sha256, source=_SAM2, folder=folder)


def _sam3(name: str, size_bytes: int, sha256: str) -> WeightsFile:
    return WeightsFile(
        f"sam3/{name}",
        f"{_SAM3}/resolve/{_SAM3_REVISION}/{name}",
        size_bytes,
        sha256,
        source=_SAM3_SOURCE,
        access=_SAM3,
    )


def _torchvision(name: str, size_bytes: int | None, about_mib: float) -> WeightsFile:
    digits = name.removesuffix(".pth").rpartition("-")[2]
    listed = "; bytes: public listings of the file" if size_bytes else ""
    return WeightsFile(
        name,
        f"{_PYTORCH}/{name}",
        size_bytes,
        digits,
        about_bytes=round(about_mib * (1 << 20)),
        source=f"{_TORCHVISION}{listed}; size: torchvision, {about_mib} MiB",
    )


_SAM3_BESIDE = (
    _sam3(
        "config.json",
        25_843,
        "4616385e4b21f2e5e22c875b65679185cbccfa95de42542b9166f7dc3d57160f",
    ),
    _sam3(
        "processor_config.json",
        1_712,
        "6420cf2671fa9309ea95bc0144a8b9861666d1c5f43c8db09e410dacda974fce",
    ),
    _sam3(
        "tokenizer.json",
        3_642_073,
        "6d9109cc838977f3ca94a379eec36aecc7c807e1785cd729660ca2fc0171fb35",
    ),
    _sam3(
        "tokenizer_config.json",
        799,
        "39670ad98457fe8f14ca59f6bb74591e9fc850974380a63993e5b8ffc865baa2",
    ),
    _sam3(
        "special_tokens_map.json",
        588,
        "2cdb3b8331a60c92fc1e55a13e9fd61fd2293c5a51275fdcccd62b780052530e",
    ),
    _sam3(
        "vocab.json",
        862_328,
        "5047b556ce86ccaf6aa22b3ffccfc52d391ea4accdab9c2f2407da5b742d4363",
    ),
    _sam3(
        "merges.txt",
        524_619,
        "9fd691f7c8039210e0fced15865466c65820d09b63988b0174bfe25de299051a",
    ),
)

WEIGHTS: Mapping[str, WeightsFile] = {
    "sam-vit-b": _sam(
        "b_01ec64",
        375_042_383,
        "ec2df62732614e57411cdcf32a23ffdf28910380d03139ee0f4fcbe91eb8c912",
        "sam-vit-base",
    ),
    "sam-vit-l": _sam(
        "l_0b3195",
        1_249_524_607,
        "3adcc4315b642a4d2101128f611684e8734c41232a17c648ed1693702a49a622",
        "sam-vit-large",
    ),
    "sam-vit-h": _sam(
        "h_4b8939",
        2_564_550_879,
        "a7bf3b02f3ebf1267aba913ff637d9a2d5c33d3173bb679e46d9f338c26f262e",
        "sam-vit-huge",
    ),
    "mobile-sam": WeightsFile(
        "mobile_sam.pt",
        f"{_MOBILE_SAM}/f706ad9c4eb7f219c00d9050e46328518ffb65d2/weights/mobile_sam.pt",
        40_728_226,
        "6dbb90523a35330fedd7f1d3dfc66f995213d81b29a5ca8108dbcdd4e37d6c2f",
        source="SHA-256: micro-sam (micro_sam/util.py of 2023) and "
        "open-edge-platform/model_api; bytes: LibreYOLO, for this commit",
    ),
    "hq-sam-vit-b": WeightsFile(
        "sam_hq_vit_b.pth",
        f"{_SAM_HQ_FIRST}/sam_hq_vit_b.pth",
        None,
        "",
        md5="c6b8953247bcfdc8bb8ef91e36a6cacc",
        about_bytes=379_000_000,
        folder="sam-hq-vit-base",
        source=_SAM_HQ_MD5,
    ),
    "hq-sam-vit-l": WeightsFile(
        "sam_hq_vit_l.pth",
        f"{_SAM_HQ_FIRST}/sam_hq_vit_l.pth",
        None,
        "",
        md5="08947267966e4264fb39523eccc33f86",
        about_bytes=1_250_000_000,
        folder="sam-hq-vit-large",
        source=_SAM_HQ_MD5,
    ),
    "hq-sam-vit-h": WeightsFile(
        "sam_hq_vit_h.pth",
        f"{_SAM_HQ_FIRST}/sam_hq_vit_h.pth",
        2_570_940_653,
        "a7ac14a085326d9fa6199c8c698c4f0e7280afdbb974d2c4660ec60877b45e35",
        folder="sam-hq-vit-huge",
        source="SHA-256: finegrain-ai/refiners (conversion/models/hq_sam.py) and "
        "open-edge-platform/model_api; bytes: tools that reproduce UniVAD",
    ),
    "hq-sam-light": WeightsFile(
        "sam_hq_vit_tiny.pth",
        f"{_SAM_HQ_LIGHT}/sam_hq_vit_tiny.pth",
        None,
        "0f32c075ccdd870ae54db2f7630e7a0878ede5a2b06d05d6fe02c65a82fb7196",
        about_bytes=43_000_000,
        source="SHA-256: open-edge-platform/model_api (issue 347); size: ISAT, rounded",
    ),
    "sam2.1-tiny": _sam2(
        "tiny",
        156_008_466,
        "7402e0d864fa82708a20fbd15bc84245c2f26dff0eb43a4b5b93452deb34be69",
    ),
    "sam2.1-small": _sam2(
        "small",
        184_416_285,
        "6d1aa6f30de5c92224f8172114de081d104bbd23dd9dc5c58996f0cad5dc4d38",
    ),
    "sam2.1-base-plus": _sam2(
        "base_plus",
        323_606_802,
        "a2345aede8715ab1d5d31b4a509fb160c5a4af1970f199d9054ccfb746c004c5",
    ),
    "sam2.1-large": _sam2(
        "large",
        898_083_611,
        "2647878d5dfa5098f2f8649825738a9345572bae2d4350a2468587ece47dd318",
    ),
    "edgetam": WeightsFile(
        "edgetam.pt",
        f"{_EDGETAM}/7711e012a30a2402c4eaab637bdb00a521302c91/checkpoints/edgetam.pt",
        56_116_523,
        "ed2d4850b8792c239689b043c47046ec239b6e808a3d9b6ae676c803fd8780df",
        folder="EdgeTAM-hf",
        source="SHA-256: BoxMOT (its EdgeTAM weights); bytes: tools that pin this very "
        "commit",
    ),
    "sam3": replace(
        _sam3(
            "model.safetensors",
            3_439_938_512,
            "6d06f0a5f84e435071fe6603e61d0b4cc7b40e0d39d487cfd4d67d8cc11cc14a",
        ),
        beside=_SAM3_BESIDE,
    ),
    "fcn": _torchvision("fcn_resnet50_coco-1167a1af.pth", None, 135.009),
    "deeplabv3": _torchvision("deeplabv3_resnet50_coco-cd0a2569.pth", None, 160.515),
    "lraspp": _torchvision(
        "lraspp_mobilenet_v3_large-d234d4ea.pth",
        13_097_061,
        12.49,
    ),
    "maskrcnn": _torchvision(
        "maskrcnn_resnet50_fpn_coco-bf2d0c1e.pth",
        178_090_079,
        169.84,
    ),
}
"""The checkpoint of each model of the catalogue, by the model's id."""
