package dev.signalbox.workers.vendor;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * A vendor family's failures, read from the top: the first row whose status fits and of which a code or a phrase is
 * found decides; a row without words is decided by its status. Words come first, because the same status means many
 * things.
 */
public final class FailureTable {
    /** Of an error inside a good answer whose status is nowhere said. */
    private static final int UNSAID = 200;

    /** @param unsaid whether an in-answer error without a status of its own is meant too */
    public record Statuses(int from, int to, boolean unsaid) {
        public static final Statuses ANY = new Statuses(0, 999, true);

        /** Inclusive, and in-answer errors. */
        public static Statuses orUnsaid(int from, int to) {
            return new Statuses(from, to, true);
        }

        boolean hold(int status) {
            return (status >= from && status <= to) || (unsaid && status == UNSAID);
        }
    }

    /**
     * @param codes the error's code or type, in lower case
     * @param phrases parts of the message, code or type, in lower case
     */
    public record Row(Statuses status, Set<String> codes, List<String> phrases, FailureClass failureClass) {
        boolean matches(int actual, List<String> said, String message) {
            if (!status.hold(actual)) {
                return false;
            }
            return (codes.isEmpty() && phrases.isEmpty()) || said.stream().anyMatch(codes::contains)
                    || phrases.stream().anyMatch(phrase -> message.contains(phrase)
                            || said.stream().anyMatch(code -> code.contains(phrase)));
        }
    }

    private final List<Row> rows;

    public FailureTable(Row... rows) {
        this.rows = List.of(rows);
    }

    /**
     * @param codes codes and types of the error, in lower case
     * @param message the error's text
     */
    public Optional<FailureClass> find(int status, List<String> codes, String message) {
        String lower = message.toLowerCase(Locale.ROOT);
        return rows.stream().filter(row -> row.matches(status, codes, lower)).map(Row::failureClass).findFirst();
    }

    public List<Row> rows() {
        return rows;
    }

    public static Row codes(Statuses status, FailureClass failureClass, String... codes) {
        return new Row(status, Set.of(codes), List.of(), failureClass);
    }

    public static Row phrases(Statuses status, FailureClass failureClass, String... phrases) {
        return new Row(status, Set.of(), List.of(phrases), failureClass);
    }

    public static Row status(int wanted, FailureClass failureClass) {
        return statuses(wanted, wanted, failureClass);
    }

    public static Row statuses(int from, int to, FailureClass failureClass) {
        return new Row(new Statuses(from, to, false), Set.of(), List.of(), failureClass);
    }
}
