"""gym-aloha: two arms, two tasks, a scripted expert."""
