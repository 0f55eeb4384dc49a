"""What stands in notebooks beside Keras: claims, exercises, quizzes, widgets."""
