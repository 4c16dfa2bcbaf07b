package dev.signalbox.simulator.language;

import java.util.Arrays;
import java.util.List;

/** A text in the pieces that it is sent in, a token each. */
final class Pieces {
    private static final int SLICE_CHARS = 4;
    private static final byte[][] WORDS = new byte[FixedAnswer.WORDS.size()][];
    static {
        for (int i = 0; i < WORDS.length; i++) {
            WORDS[i] = Json.inside(" " + FixedAnswer.WORDS.get(i));
        }
    }
    private static final byte[] FIRST_WORD = Json.inside(FixedAnswer.WORDS.getFirst());

    private final int firstWord;
    private final int size;
    private final List<String> texts;

    private Pieces(int firstWord, int size, List<String> texts) {
        this.firstWord = firstWord;
        this.size = size;
        this.texts = texts;
    }

    /** Words of {@link FixedAnswer}, over and over; all but its very first have a space before them. */
    static Pieces words(int first, int count) {
        return new Pieces(first, count, List.of());
    }

    /** A text in words, each with the space before it; none for an empty text. */
    static Pieces ofWords(String text) {
        return text.isEmpty() ? of(List.of()) : of(List.of(text.split("(?= )", -1)));
    }

    /** JSON and the like, four characters a piece. */
    static Pieces slices(String text) {
        String[] slices = new String[(text.length() + SLICE_CHARS - 1) / SLICE_CHARS];
        int from = 0;
        int count = 0;
        while (from < text.length()) {
            int to = Math.min(text.length(), from + SLICE_CHARS);
            to += to < text.length() && Character.isLowSurrogate(text.charAt(to)) ? 1 : 0;
            slices[count++] = text.substring(from, to);
            from = to;
        }
        return of(List.of(Arrays.copyOf(slices, count)));
    }

    private static Pieces of(List<String> texts) {
        return new Pieces(0, texts.size(), texts);
    }

    int size() {
        return size;
    }

    String text(int index) {
        if (!texts.isEmpty()) {
            return texts.get(index);
        }
        int word = firstWord + index;
        return (word == 0 ? "" : " ") + FixedAnswer.WORDS.get(word % WORDS.length);
    }

    /** A piece as the inside of a JSON string; not to be changed. */
    byte[] json(int index) {
        if (!texts.isEmpty()) {
            return Json.inside(texts.get(index));
        }
        int word = firstWord + index;
        return word == 0 ? FIRST_WORD : WORDS[word % WORDS.length];
    }

    String joined() {
        StringBuilder joined = new StringBuilder();
        for (int i = 0; i < size; i++) {
            joined.append(text(i));
        }
        return joined.toString();
    }
}
