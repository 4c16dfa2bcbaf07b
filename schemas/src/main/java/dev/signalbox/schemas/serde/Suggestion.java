package dev.signalbox.schemas.serde;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;

/** The known name that a wrong one was probably meant to be. */
final class Suggestion {
    private Suggestion() {
    }

    /** {@code , did you mean "x"?} or nothing. */
    static String of(String wrong, Collection<String> known) {
        String lower = wrong.toLowerCase(Locale.ROOT).replace("_", "").replace("-", "");
        return known.stream().map(name -> new Candidate(name, distance(lower, name.toLowerCase(Locale.ROOT))))
                .filter(candidate -> candidate.distance <= Math.max(1, candidate.name.length() / 3))
                .min(Comparator.comparingInt(Candidate::distance).thenComparing(Candidate::name))
                .map(candidate -> ", did you mean \"" + candidate.name + "\"?").orElse("");
    }

    private record Candidate(String name, int distance) {
    }

    /** Levenshtein's; the wrong name was cut before. */
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int substituted = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(substituted, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }
}
