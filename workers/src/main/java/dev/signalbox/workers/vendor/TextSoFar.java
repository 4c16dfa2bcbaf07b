package dev.signalbox.workers.vendor;

/**
 * The text of an answer that was cut, for another attempt to go on from.
 *
 * @param text not empty and without trailing white space, which vendors refuse
 * @param tokens what it has cost of the longest answer that the request allows, by count or estimate
 */
public record TextSoFar(String text, long tokens) {
    public TextSoFar {
        if (text.isEmpty() || Character.isWhitespace(text.charAt(text.length() - 1))) {
            throw new IllegalArgumentException("no text, or white space at its end");
        }
    }
}
