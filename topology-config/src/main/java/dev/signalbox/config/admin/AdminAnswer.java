package dev.signalbox.config.admin;

/**
 * What an {@link AdminPage} answers.
 *
 * @param status of HTTP
 * @param type content type
 */
public record AdminAnswer(int status, String type, String body) {
    private static final String TEXT = "text/plain; charset=utf-8";
    private static final String JSON = "application/json";
    private static final String PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";

    public static AdminAnswer json(int status, String body) {
        return new AdminAnswer(status, JSON, body);
    }

    /** One line for a person. */
    public static AdminAnswer text(int status, String line) {
        return new AdminAnswer(status, TEXT, line + "\n");
    }

    static AdminAnswer metrics(String body) {
        return new AdminAnswer(200, PROMETHEUS, body);
    }
}
