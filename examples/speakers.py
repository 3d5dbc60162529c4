"""Speaker embeddings with Resemblyzer's voice encoder (GE2E, Wan et al., 2018): which recordings are of one voice?

The PyTorch twin of speakers.ts. The weights come from fetch-weights.sh. WAV files: 16 kHz, mono, 16 bits.
"""

import math
import sys
import wave
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

WEIGHTS = Path(__file__).parent / "weights/resemblyzer/pretrained.pt"
RATE = 16000
WINDOW = 400  # samples: 25 ms
HOP = 160  # 10 ms
FRAMES = 160  # of one part of a recording: 1.6 s
MELS = 40


class VoiceEncoder(nn.Module):
    def __init__(self, hidden=256, layers=3):
        super().__init__()
        self.lstm = nn.LSTM(MELS, hidden, num_layers=layers, batch_first=True)
        self.linear = nn.Linear(hidden, hidden)

    def forward(self, mels):
        """Spectra [N, L, 40] → vectors of length 1 [N, D]."""
        _, (hidden, _) = self.lstm(mels)
        return F.normalize(F.relu(self.linear(hidden[-1])), dim=1)


def mel_filters():
    """Triangles of equal area on Slaney's mel scale, as librosa's: [40, 201]."""

    def to_hertz(mel):
        return mel * 200 / 3 if mel < 15 else 1000 * 6.4 ** ((mel - 15) / 27)

    top = 15 + 27 * math.log(RATE / 2 / 1000) / math.log(6.4)
    edges = [to_hertz(top * i / (MELS + 1)) for i in range(MELS + 2)]
    hertz = torch.arange(WINDOW // 2 + 1, dtype=torch.float64) * RATE / WINDOW
    rows = []
    for low, mid, high in zip(edges, edges[1:], edges[2:]):
        triangle = torch.minimum((hertz - low) / (mid - low), (high - hertz) / (high - mid))
        rows.append(triangle.clamp(min=0) * 2 / (high - low))
    return torch.stack(rows).float()


def mel_spectrogram(samples):
    """Energy in 40 mel bands every 10 ms: samples [T] → [1 + T/160, 40]."""
    spectrum = torch.stft(
        samples, WINDOW, HOP, window=torch.hann_window(WINDOW), center=True, pad_mode="constant", return_complex=True
    )
    return (mel_filters() @ spectrum.abs() ** 2).T


def parts(samples):
    """A recording's parts of 1.6 s, every 0.77 s, as spectra [N, 160, 40]."""
    frames = math.ceil((len(samples) + 1) / HOP)
    starts = list(range(0, max(1, frames - FRAMES + 78), 77))
    covered = (len(samples) - starts[-1] * HOP) / (FRAMES * HOP)
    if covered < 0.75 and len(starts) > 1:
        starts.pop()
    missing = max(0, (starts[-1] + FRAMES) * HOP - len(samples))
    mels = mel_spectrogram(F.pad(samples, (0, missing)))
    return torch.stack([mels[start : start + FRAMES] for start in starts])


def normalize_volume(samples):
    """Louder to -30 dB, as the encoder was trained."""
    rms = samples.pow(2).mean().sqrt()
    return samples * max(1, 10 ** (-30 / 20) / rms)


def read_wav(file):
    """Samples in [-1, 1) of a WAV file."""
    with wave.open(file) as recording:
        assert recording.getparams()[:3] == (1, 2, RATE), f"{file} must be mono, 16 kHz, 16 bits"
        data = bytearray(recording.readframes(recording.getnframes()))
    return torch.frombuffer(data, dtype=torch.int16).float() / 32768


def load_voice_encoder(file=WEIGHTS):
    model = VoiceEncoder()
    state = torch.load(file, map_location="cpu", weights_only=True)["model_state"]
    own = model.state_dict()
    model.load_state_dict({key: value for key, value in state.items() if key in own})
    return model.eval()


def main():
    files = sys.argv[1:]
    model = load_voice_encoder()
    spectra = [parts(normalize_volume(read_wav(file))) for file in files]
    with torch.no_grad():
        vectors = model(torch.cat(spectra))
    means = [F.normalize(x.mean(0), dim=0) for x in vectors.split([len(x) for x in spectra])]
    voices = torch.stack(means)
    for file, similarities in zip(files, (voices @ voices.T).tolist()):
        print("  ".join(f"{value:.3f}" for value in similarities), "", file)


if __name__ == "__main__":
    main()
