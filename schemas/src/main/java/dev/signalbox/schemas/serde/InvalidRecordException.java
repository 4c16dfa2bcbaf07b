package dev.signalbox.schemas.serde;

/** A JSON value that is not one of our records: says where, and never quotes content. */
public final class InvalidRecordException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private static final int MAX_POINTER = 120;

    private final String pointer;
    private final int line;
    private final int column;

    /**
     * @param pointer JSON pointer to the culprit; empty for the whole value
     * @param line 1-based; 0 where there is none, as in writing
     * @param column 1-based, in bytes; 0 where there is none
     */
    public InvalidRecordException(String problem, String pointer, int line, int column) {
        super((pointer.isEmpty() ? "value" : printable(pointer))
                + (line > 0 ? " (line " + line + ", column " + column + ")" : "")
                + ": " + problem);
        this.pointer = pointer;
        this.line = line;
        this.column = column;
    }

    public String pointer() {
        return pointer;
    }

    public int line() {
        return line;
    }

    public int column() {
        return column;
    }

    /** Keys are the sender's: cut, and without what could forge a line of a log. */
    private static String printable(String pointer) {
        String cut = pointer.length() > MAX_POINTER ? pointer.substring(0, MAX_POINTER) + "..." : pointer;
        return cut.replaceAll("[^\\x20-\\x7E]", "?");
    }
}
