"""The lab's notebook in one script: best-of-N by CLIP, a negative prompt, what fails, and a VLM that verifies."""

import torch

from tts_playground import lab

vl_gpt, vl_chat_processor = lab.load_janus("tiny:janus")  # "deepseek-ai/Janus-Pro-1B" with a GPU
clip, aesthetic = lab.ClipReranker("tiny:clip"), lab.AestheticScorer(torch.float32, "auto")

images, scores = {}, {}
for prompt in lab.world_prompt_list[1:3]:
    images[prompt] = lab.generate_image(vl_gpt, vl_chat_processor, prompt, num_images_per_prompt=8, seed=1)
    best, score, scores[prompt] = clip.select_best(prompt, images[prompt])
    print(f"{prompt}: image {best} with CLIP {score:.3f}, aesthetic {aesthetic(images[prompt])[best]:.1f}")
print("Best CLIP of N = 1, 2, 4, 8:", [f"{one:.3f}" for one in lab.best_of_n_curve(scores.values(), [1, 2, 4, 8])])
modes = lab.failure_modes(images, scores)
print("What fails, of those asked for it:", {name: f"{rate.value:.0%}" for name, rate in modes.asked.items()})

wordings = ["a cat", "a blue cat", ("a blue cat", "a white background")]
for row in lab.compare_wordings(vl_gpt, vl_chat_processor, "a blue cat", wordings, n=8):
    away = f" away from {row.negative!r}" if row.negative else ""
    print(f"{row.prompt}{away}: {row.passed.value:.0%} show a blue cat, diversity {row.diversity:.2f}")

lab.load_vlm("tiny:vlm")
correct, verified = [], []
for task in lab.load_infovqa(n=8):
    samples = lab.generate_samples(task["image"], task["question"], n=8, seed=task["id"])
    correct.append([lab.is_correct(one, task["ground_truth"]) for one in samples])
    verified.append(lab.verify_samples(task["image"], task["question"], samples))
oracle, verifier = lab.accuracy_curves(correct, verified, [1, 2, 4, 8])
print("Accuracy for N = 1, 2, 4, 8: oracle", [f"{one:.0f} %" for one in oracle])
print("                           verifier", [f"{one:.0f} %" for one in verifier])
