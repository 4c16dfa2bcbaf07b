package dev.signalbox.workers.vendor;

import java.util.regex.Pattern;

/**
 * A vendor's error text made fit to be shown: cut, on one line, without what looks like a secret, and without longer
 * quotations, since vendors quote what they were sent.
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
    private static final Pattern QUOTED = Pattern.compile("([\"'`])[^\"'`]{65,}\\1?");

    private ErrorText() {
    }

    public static String of(String text) {
        String clean = text.length() > SCANNED_CHARS ? text.substring(0, SCANNED_CHARS) : text;
        clean = clean.replaceAll("\\s+", " ").strip();
        clean = QUOTED.matcher(clean).replaceAll("$1…$1");
        clean = USER_INFO.matcher(clean).replaceAll("$1");
        clean = QUERY.matcher(clean).replaceAll("$1?…");
        clean = KEY_NAMED.matcher(clean).replaceAll("$1[secret]");
        clean = KEY.matcher(clean).replaceAll("[secret]");
        return clean.length() > MAX_CHARS ? clean.substring(0, MAX_CHARS - 1) + "…" : clean;
    }
}
