"""The bench's three networks in PyTorch, for the same rows as `dotnet run ... -- networks`: eager in float32, and on CUDA also compiled, in bf16 and channels last.

    python3 tests/Benchmarks/pytorch/bench.py [--network NAME] [--device cpu|cuda] [--threads N] [--repeats N]
"""
import argparse
import os
import statistics
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

from ddpm import DdpmUnet
from layers import DenoisingUnet, FullAttention, LinearAttention, Named, PreNorm, RMSNorm, WeightStandardizedConv2d

TIMESTEPS, DRAWN_IMAGES, DRAWN_STEPS, EMA_DECAY = 1000, 16, 25, 0.995


def lucidrains():
    def attention(width, lowest):
        return FullAttention(width, RMSNorm, 4) if lowest else LinearAttention(width, RMSNorm, RMSNorm, 4)
    return DenoisingUnet(32, [1, 2, 4], 3, 7, 8, nn.Conv2d, attention, lambda width: FullAttention(width, RMSNorm, 4))


def annotated():
    def attention(width, _):
        return Named(PreNorm(width, LinearAttention(width, lambda channels: nn.GroupNorm(1, channels))))
    return DenoisingUnet(64, [1, 2, 4], 3, 1, 4, WeightStandardizedConv2d, attention, lambda width: Named(PreNorm(width, FullAttention(width))))


def ddpm():
    return DdpmUnet(64, [1, 2, 2], [False, True, False], 3)


NETWORKS = {"lucidrains": (lucidrains, 8), "annotated": (annotated, 16), "ddpm": (ddpm, 8)}


class Workload:
    def __init__(self, make, batch, device, bf16):
        torch.manual_seed(0)
        self.device, self.bf16, self.batch = device, bf16, batch
        self.network = make().to(device)
        if bf16:
            self.network = self.network.to(memory_format=torch.channels_last)
        self.called = torch.compile(self.network) if bf16 else self.network
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=1e-4, betas=(0.9, 0.99))
        self.averages = [p.detach().clone() for p in self.network.parameters()]
        self.alphas_cumprod = (1 - torch.linspace(1e-4, 0.02, TIMESTEPS, dtype=torch.float64)).cumprod(0).float().to(device)
        self.images, self.noise = torch.rand(batch, 3, 32, 32) * 2 - 1, torch.randn(batch, 3, 32, 32)
        self.timesteps = torch.randint(0, TIMESTEPS, (batch,))

    def predict(self, x, timesteps):
        if not self.bf16:
            return self.called(x, timesteps)
        with torch.autocast(self.device, torch.bfloat16):
            return self.called(x.contiguous(memory_format=torch.channels_last), timesteps).float()

    def step(self):
        images, noise, t = self.images.to(self.device), self.noise.to(self.device), self.timesteps.to(self.device)
        signal = self.alphas_cumprod[t][:, None, None, None]
        self.optimizer.zero_grad(set_to_none=True)
        loss = F.mse_loss(self.predict(signal.sqrt() * images + (1 - signal).sqrt() * noise, t), noise)
        loss.backward()
        self.optimizer.step()
        with torch.no_grad():
            for average, p in zip(self.averages, self.network.parameters()):
                average.lerp_(p, 1 - EMA_DECAY)
        return loss.item()

    @torch.no_grad()
    def forward(self):
        self.predict(self.noise.to(self.device), self.timesteps.to(self.device))

    @torch.no_grad()
    def sample(self):
        x, schedule = torch.randn(DRAWN_IMAGES, 3, 32, 32, device=self.device), self.alphas_cumprod.tolist()
        times = [TIMESTEPS * i // DRAWN_STEPS - 1 for i in range(DRAWN_STEPS, -1, -1)]
        for now, after in zip(times, times[1:]):
            a = schedule[now]
            noise = self.predict(x, torch.full((DRAWN_IMAGES,), now, device=self.device))
            clean = ((x - (1 - a) ** 0.5 * noise) / a ** 0.5).clamp(-1, 1)
            if after < 0:
                return clean
            noise, b = (x - a ** 0.5 * clean) / (1 - a) ** 0.5, schedule[after]
            x = b ** 0.5 * clean + (1 - b) ** 0.5 * noise


def seconds(work, device, repeats, warm_ups):
    readings = []
    for i in range(warm_ups + repeats):
        if device == "cuda":
            torch.cuda.synchronize()
        start = time.perf_counter()
        work()
        if device == "cuda":
            torch.cuda.synchronize()
        if i >= warm_ups:
            readings.append(time.perf_counter() - start)
    return statistics.median(readings)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--network", choices=NETWORKS)
    options.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    options.add_argument("--threads", type=int, default=os.cpu_count())
    options.add_argument("--repeats", type=int, default=9)
    given = options.parse_args()
    torch.set_num_threads(given.threads)
    where = torch.cuda.get_device_name() if given.device == "cuda" else f"{given.threads} threads"
    print(f"PyTorch {torch.__version__}, {where}\n\n| | | seconds | images/s |\n|---|---|---|---|")
    for name in [given.network] if given.network else NETWORKS:
        make, batch = NETWORKS[name]
        for bf16 in [False, True] if given.device == "cuda" else [False]:
            work = Workload(make, batch, given.device, bf16)
            how = "compiled, bf16, channels last" if bf16 else "eager, float32"
            for row, images, call in [("training step", batch, work.step), ("forward without gradients", batch, work.forward), ("DDIM", DRAWN_IMAGES, work.sample)]:
                drawing = call == work.sample
                taken = seconds(call, given.device, max(1, given.repeats // 3) if drawing else given.repeats, 1 if drawing else 3)
                print(f"| {name}, {how} | {row}, {images} images | {taken:.4f} | {images / taken:.1f} |", flush=True)


if __name__ == "__main__":
    main()
