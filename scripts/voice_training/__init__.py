"""SoundStream (Zeghidour et al., arXiv 2107.03312), from audio to weights. See scripts/train_voice.py."""
