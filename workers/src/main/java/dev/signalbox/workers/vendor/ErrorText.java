package dev.signalbox.workers.vendor;

import java.util.regex.Pattern;

/**
 * A vendor's error text made fit to be shown: cut, on one line, without what looks like a secret, and without any
 * quotation, since vendors quote what they were sent: nothing between quotation marks of any kind, no JSON, nothing that
 * is said to be an input or a value. A quotation that is not closed goes to the end.
 */
public final class ErrorText {
    public static final int MAX_CHARS = 500;
    private static final int SCANNED_CHARS = 4_000;
    private static final Pattern KEY = Pattern.compile(
            "(?i)(?:\\bbearer\\s+\\S+|\\b(?:sk|pk|rk|gsk|xai|hf|pplx|key|api|ghp|nvapi|csk|fw|r8|tgp)[-_][A-Za-z0-9*._-]*"
                    + "|\\bAIza[A-Za-z0-9*_-]+|\\bA[KS]IA[A-Z0-9*]+|\\beyJ[A-Za-z0-9._-]+"
                    + "|[A-Za-z0-9._-]*\\*{3,}[A-Za-z0-9*._-]*|[A-Za-z0-9+=_-]{32,})");
    private static final Pattern KEY_NAMED = Pattern.compile("(?i)(api[ -]?key(?: provided)?: )\\S+");
    private static final Pattern USER_INFO = Pattern.compile("(?i)(https?://)[^\\s/@]+@");
    private static final Pattern QUERY = Pattern.compile("(https?://[^\\s?]+)\\?\\S+");
    private static final Pattern SAID_TO_BE_INPUT = Pattern.compile(
            "(?i)\\b(input_value|input|got|received|prompt|content|messages?|text|value|url|found|near)\\s*(=|: ).*");
    private static final String OPENING = "\"'`“‘«„";
    private static final String CLOSING = "\"'`”’»“";

    private ErrorText() {
    }

    public static String of(String text) {
        String clean = text.length() > SCANNED_CHARS ? text.substring(0, SCANNED_CHARS) : text;
        clean = clean.replaceAll("\\s+", " ").strip();
        clean = withoutQuotations(clean);
        clean = SAID_TO_BE_INPUT.matcher(clean).replaceAll("$1: …");
        clean = USER_INFO.matcher(clean).replaceAll("$1");
        clean = QUERY.matcher(clean).replaceAll("$1?…");
        clean = KEY_NAMED.matcher(clean).replaceAll("$1[secret]");
        clean = KEY.matcher(clean).replaceAll("[secret]");
        return clean.length() > MAX_CHARS ? clean.substring(0, MAX_CHARS - 1) + "…" : clean;
    }

    private static String withoutQuotations(String text) {
        StringBuilder kept = new StringBuilder(text.length());
        int at = 0;
        while (at < text.length()) {
            char c = text.charAt(at);
            int mark = OPENING.indexOf(c);
            if (c == '{' || (c == '[' && at + 1 < text.length() && "{\"'[".indexOf(text.charAt(at + 1)) >= 0)) {
                return kept.append('…').toString();
            }
            if (mark < 0 || isInsideWord(text, at)) {
                kept.append(c);
                at++;
                continue;
            }
            kept.append(c).append('…').append(CLOSING.charAt(mark));
            at = end(text, at + 1, CLOSING.charAt(mark));
        }
        return kept.toString();
    }

    /** Behind the closing mark; an apostrophe is none. */
    private static int end(String text, int from, char closing) {
        for (int at = from; at < text.length(); at++) {
            if (text.charAt(at) == closing && text.charAt(at - 1) != '\\'
                    && (at + 1 == text.length() || !Character.isLetterOrDigit(text.charAt(at + 1)))) {
                return at + 1;
            }
        }
        return text.length();
    }

    private static boolean isInsideWord(String text, int at) {
        return (text.charAt(at) == '\'' || text.charAt(at) == '’') && at > 0
                && Character.isLetterOrDigit(text.charAt(at - 1));
    }

    /** Without a secret that the text holds whole, or whose beginning it ends with because it was cut there. */
    static String without(String text, String secret) {
        String clean = text.replace(secret, "[secret]");
        String end = clean.endsWith("…") ? clean.substring(0, clean.length() - 1) : clean;
        for (int length = secret.length() - 1; length >= 4; length--) {
            if (end.endsWith(secret.substring(0, length))) {
                return end.substring(0, end.length() - length) + "[secret]";
            }
        }
        return clean;
    }
}
