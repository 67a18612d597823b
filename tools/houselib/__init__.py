"""What house.py and pictures.py read out of the source."""
