"""The proposal sampler keeps the laws of samplers, and its fits are what they claim."""

import numpy as np
import pytest

from tts_playground.core import Neighbourhood, Sample, SteppedSampler
from tts_playground.dsl import Program, generate, parse, render
from tts_playground.dsl.drawings import overlap
from tts_playground.dsl.edits import length
from tts_playground.dsl.generator import Difficulty
from tts_playground.errors import BadInput
from tts_playground.samplers import program_fitter
from tts_playground.samplers.program_fitter import InsertionPoint, TverskyWeights
from tts_playground.samplers.proposal import ProposalSampler, fitter
from tts_playground.tasks.sketch import SketchTask
from tts_playground.testing import check_stepped_sampler

MOON = "(+ (- (Circle 5 6 8) (Circle 4 8 8)) (Quad 12 12 3 2 45))"


def drawing(text):
    return SketchTask.of(render(text))


def test_laws_of_a_stepped_sampler():
    check_stepped_sampler(ProposalSampler(), drawing(MOON), n=3)


def test_it_has_the_protocols_that_search_asks_for():
    assert isinstance(ProposalSampler(), SteppedSampler)
    assert isinstance(ProposalSampler(), Neighbourhood)


def test_draws_differ_at_a_temperature_and_not_at_zero():
    task = drawing(str(generate(3, 1, Difficulty(primitives=(5, 5)))))
    warm = {str(s.content) for s in ProposalSampler(temperature=2.0).draw(task, range(6))}
    assert len(warm) > 1
    cold = ProposalSampler(temperature=0.0)
    assert len({str(s.content) for s in cold.draw(task, [0, 0])}) == 1


def test_a_blank_drawing_gives_the_empty_program():
    (sample,) = ProposalSampler().draw(drawing(""), [0])
    assert sample.content == Program()


def test_draws_pay_for_their_scans():
    (sample,) = ProposalSampler().draw(drawing(MOON), [0])
    assert sample.cost.samples == 1
    assert sample.cost.renders > 100_000


@pytest.mark.parametrize("taste", [program_fitter.IOU, TverskyWeights(0.3, 2.0)])
def test_scores_are_those_of_the_edited_programs(taste):
    task = drawing(MOON)
    fit = fitter(task, 64)
    root = parse("(- (+ (Circle 4 6 6) (Quad 9 9 4 7 45)) (Quad 6 3 2 9 0))").root
    rng = np.random.default_rng(0)
    for place in fit.places(root):
        scores = fit.scores(place, taste)
        assert scores[: len(fit.engine.scanner)].max() <= fit.bound(place, taste) + 1e-6
        for index in rng.integers(0, len(fit.engine.scanner), 8):
            edited = place.apply(root, fit.primitive(int(index)))
            mask = fit.engine.evaluate(edited)
            hit = fit.weigh(mask & fit.target)
            extra = fit.weigh(mask & fit.blank)
            expected = hit / (hit + taste.extra * extra + taste.missing * (fit.ink - hit) + 1e-6)
            assert scores[index] == pytest.approx(expected, abs=1e-5), (place.kind, index)


def test_the_best_option_is_the_best_of_all_places():
    fit = fitter(drawing(MOON), 64)
    root = parse("(+ (Circle 4 6 6) (Quad 9 9 4 7 45))").root
    places = fit.places(root)
    assert fit.best(places).score == pytest.approx(max(float(fit.scores(place).max()) for place in places), abs=2e-3)
    assert {place.kind for place in places} == {"replace", "+", "-", "under"}
    assert all(isinstance(place, InsertionPoint) for place in places)


def test_worth_and_its_inverse():
    assert program_fitter.needed(program_fitter.worth(0.93, 4), 4) == pytest.approx(0.93)
    assert program_fitter.needed(program_fitter.worth(0.93, 4, 0.7), 4, 0.7) == pytest.approx(0.93)


def test_neighbours_are_distinct_and_the_first_is_an_improvement():
    task = drawing(MOON)
    start = Sample(parse("(+ (Circle 5 6 8) (Quad 12 12 3 3 45))"), 5)
    near = []
    for sample in ProposalSampler().neighbours(task, start, seed=1):
        near.append(sample)
        if len(near) == 4:
            break
    assert len({sample.content for sample in near}) == 4
    assert start.content not in {sample.content for sample in near}
    assert overlap(task, near[0].content).iou > overlap(task, start.content).iou
    assert all(sample.parent == 5 and sample.cost.samples == 1 for sample in near)


def test_the_right_program_fits_without_error():
    for index in range(8):
        program = generate(11, index)
        fit = fitter(SketchTask.of(render(program)), 64)
        assert fit.iou(program.root) >= 0.99


def test_pruning_drops_what_is_not_worth_its_price():
    fit = fitter(drawing("(Circle 5 8 8)"), 64)
    pruned = fit.prune(parse("(+ (Circle 5 8 8) (Circle 1 8 8) (Quad 8 8 2 2 45))").root)
    assert length(pruned) == 1


@pytest.mark.parametrize("settings", [{"temperature": -1}, {"primitives": 0}, {"places": 0}])
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(BadInput):
        ProposalSampler(**settings)


def test_rewinding_beyond_the_path_is_refused():
    sampler = ProposalSampler()
    (path,) = sampler.start(drawing(MOON), [0])
    with pytest.raises(BadInput, match="rewind"):
        sampler.rewind(path, 3)
