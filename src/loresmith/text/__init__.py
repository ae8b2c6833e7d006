"""Reading text as people do: width, space, figures, sentences, language and likeness."""
