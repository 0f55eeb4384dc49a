"""The methods that the course teaches: fine-tuning, adaptation, and how to judge them."""
