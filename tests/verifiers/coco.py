"""COCO's 80 names, as GenEval's prompts say them, and as two families of detectors spell them in their labels."""

_NAMES = """person, bicycle, car, motorcycle, airplane, bus, train, truck, boat, traffic light, fire hydrant, stop sign,
parking meter, bench, bird, cat, dog, horse, sheep, cow, elephant, bear, zebra, giraffe, backpack, umbrella,
handbag, tie, suitcase, frisbee, skis, snowboard, sports ball, kite, baseball bat, baseball glove, skateboard,
surfboard, tennis racket, bottle, wine glass, cup, fork, knife, spoon, bowl, banana, apple, sandwich, orange,
broccoli, carrot, hot dog, pizza, donut, cake, chair, couch, potted plant, bed, dining table, toilet, tv,
laptop, computer mouse, tv remote, computer keyboard, cell phone, microwave, oven, toaster, sink,
refrigerator, book, clock, vase, scissors, teddy bear, hair drier, toothbrush"""
PROMPTED = tuple(name.strip() for name in _NAMES.split(","))
assert len(PROMPTED) == 80
_SPELLED = {"computer mouse": "mouse", "tv remote": "remote", "computer keyboard": "keyboard"}
DETR = ("N/A", *(_SPELLED.get(name, name) for name in PROMPTED), "N/A")
"""of DETR and torchvision, which keep empty labels"""
_OLD = {"motorcycle": "motorbike", "airplane": "aeroplane", "couch": "sofa", "potted plant": "pottedplant"}
_OLD |= {"dining table": "diningtable", "tv": "tvmonitor"}
RT_DETR = tuple(_OLD.get(name, name) for name in DETR if name != "N/A")
"""of lists that keep PASCAL VOC's words"""
EITHER = {"detr": DETR, "rt-detr": RT_DETR, "prompts": PROMPTED}


def label(name: str, labels: tuple[str, ...]) -> str:
    """The label of a prompted name."""
    spelled = _SPELLED.get(name, name)
    return next(one for one in (name, spelled, _OLD.get(spelled, "")) if one in labels)
