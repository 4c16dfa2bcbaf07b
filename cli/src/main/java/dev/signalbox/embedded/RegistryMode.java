package dev.signalbox.embedded;

import java.util.Locale;
import java.util.Optional;

/** Whether a subject takes new versions. The real registry's IMPORT mode is not offered: ids are given here only. */
enum RegistryMode {
    READWRITE,
    READONLY;

    static Optional<RegistryMode> named(String name) {
        for (RegistryMode mode : values()) {
            if (mode.name().equals(name.toUpperCase(Locale.ROOT))) {
                return Optional.of(mode);
            }
        }
        return Optional.empty();
    }
}
