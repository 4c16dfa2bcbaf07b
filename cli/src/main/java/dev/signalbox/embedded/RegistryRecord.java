package dev.signalbox.embedded;

/** One change of the registry, as the topic {@code _schemas} holds it. A subject of {@code ""} means all subjects. */
sealed interface RegistryRecord {
    /** A version of a subject, or its soft deletion. */
    record VersionSet(String subject, int version, int id, String schema, boolean deleted) implements RegistryRecord {
        public VersionSet {
            if (subject.isEmpty() || version < 1 || id < 1) {
                throw new IllegalArgumentException("a version needs a subject, a version and an id above 0");
            }
        }

        VersionSet softDeleted() {
            return new VersionSet(subject, version, id, schema, true);
        }
    }

    /** A version was deleted for good; its id stays taken. */
    record VersionErased(String subject, int version) implements RegistryRecord {
    }

    /** All versions of a subject up to that one were soft-deleted. */
    record SubjectDeleted(String subject, int upToVersion) implements RegistryRecord {
    }

    record LevelSet(String subject, CompatibilityLevel level) implements RegistryRecord {
    }

    record LevelCleared(String subject) implements RegistryRecord {
    }

    record ModeSet(String subject, RegistryMode mode) implements RegistryRecord {
    }

    record ModeCleared(String subject) implements RegistryRecord {
    }
}
