package dev.signalbox.simulator.language;

import java.util.List;

/** The text that every healthy answer is made of: 60 words, a token each, so that a truncation is always seen. */
public final class FixedAnswer {
    public static final String TEXT = "The lamp at the junction turns green and the first train of the morning rolls "
            + "past the signal box, slow over the points, while inside a hand writes the hour in the book, pulls the "
            + "next lever and listens for the bell that says the line ahead is clear, as it has been every day since "
            + "this small railway opened.";
    /** What a model that thinks thinks before it: 20 words, a token each. */
    public static final String THINKING = "The caller wants to hear of a railway, so a signal box in the morning will do "
            + "for an answer.";
    static final List<String> WORDS = List.of(TEXT.split(" ", -1));

    private FixedAnswer() {
    }

    /** The answer of that many tokens: words of {@link #TEXT}, over and over. */
    public static String text(int tokens) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < tokens; i++) {
            text.append(i == 0 ? "" : " ").append(WORDS.get(i % WORDS.size()));
        }
        return text.toString();
    }
}
