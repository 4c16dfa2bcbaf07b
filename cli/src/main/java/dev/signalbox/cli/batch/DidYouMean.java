package dev.signalbox.cli.batch;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/** Suggests the known word that a mistyped one was probably meant to be. */
public final class DidYouMean {
    private DidYouMean() {
    }

    /** {@code , did you mean "x"?}, or the known words where none is close and there are few, or nothing. */
    public static String hint(String word, Collection<String> known) {
        Optional<String> closest = closest(word, known);
        if (closest.isPresent()) {
            return ", did you mean \"" + closest.get() + "\"?";
        }
        return known.isEmpty() || known.size() > 12
                ? ""
                : "; there is: " + String.join(", ", known.stream().sorted().toList());
    }

    /** The known word at most a third of its letters away. */
    public static Optional<String> closest(String word, Collection<String> known) {
        return known.stream().filter(candidate -> distance(word, candidate) <= Math.max(1, candidate.length() / 3))
                .min(Comparator.<String>comparingInt(candidate -> distance(word, candidate))
                        .thenComparing(Comparator.naturalOrder()));
    }

    /** Levenshtein distance, ignoring case. */
    private static int distance(String left, String right) {
        int[] previous = new int[right.length() + 1];
        int[] current = new int[right.length() + 1];
        for (int j = 0; j <= right.length(); j++) {
            previous[j] = j;
        }
        for (int i = 1; i <= left.length(); i++) {
            current[0] = i;
            for (int j = 1; j <= right.length(); j++) {
                boolean same = Character.toLowerCase(left.charAt(i - 1)) == Character.toLowerCase(right.charAt(j - 1));
                current[j] = Math.min(previous[j - 1] + (same ? 0 : 1),
                        1 + Math.min(previous[j], current[j - 1]));
            }
            int[] swap = previous;
            previous = current;
            current = swap;
        }
        return previous[right.length()];
    }
}
