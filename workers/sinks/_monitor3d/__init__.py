"""What a window over a 3D display needs of the system."""
