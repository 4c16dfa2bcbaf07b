package dev.signalbox.config;

/**
 * A secret, resolved from its reference. Its text form is the reference, never the value, so that it can stand in logs
 * and printed configurations.
 *
 * @param reference as the operator wrote it: {@code ${env:NAME}} or {@code ${file:/path}}
 * @param value the secret itself
 */
public record Secret(String reference, String value) {
    @Override
    public String toString() {
        return reference;
    }
}
