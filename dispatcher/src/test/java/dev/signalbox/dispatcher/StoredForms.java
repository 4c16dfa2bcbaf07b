package dev.signalbox.dispatcher;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;

/**
 * What earlier versions wrote into the stores, one value a line in hex, as their own code wrote it. A store's file of a
 * version is never changed; a new version of the form brings its own.
 */
public final class StoredForms {
    private StoredForms() {
    }

    /** @param name of the file in {@code stores/} */
    public static List<byte[]> of(String name) {
        return text(name).lines().map(HexFormat.of()::parseHex).toList();
    }

    /** The whole file. */
    public static String text(String name) {
        try (InputStream in = StoredForms.class.getResourceAsStream("/stores/" + name)) {
            if (in == null) {
                throw new IllegalArgumentException("src/test/resources/stores has no " + name);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
