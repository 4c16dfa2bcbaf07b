package dev.signalbox.embedded;

import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What the registry knows, as an immutable value: each {@link #apply} gives a new one. A registry holds tens of
 * schemas, so copies cost less than the care that shared maps would need.
 */
final class RegistryState {
    private final NavigableMap<String, NavigableMap<Integer, RegistryRecord.VersionSet>> subjects;
    private final Map<Integer, String> schemasById;
    private final Map<String, CompatibilityLevel> levels;
    private final Map<String, RegistryMode> modes;

    private RegistryState(NavigableMap<String, NavigableMap<Integer, RegistryRecord.VersionSet>> subjects,
            Map<Integer, String> schemasById, Map<String, CompatibilityLevel> levels, Map<String, RegistryMode> modes) {
        this.subjects = subjects;
        this.schemasById = schemasById;
        this.levels = levels;
        this.modes = modes;
    }

    static RegistryState empty(CompatibilityLevel globalLevel) {
        return new RegistryState(new TreeMap<>(), Map.of(), Map.of("", globalLevel),
                Map.of("", RegistryMode.READWRITE));
    }

    RegistryState apply(RegistryRecord record) {
        return switch (record) {
            case RegistryRecord.VersionSet v -> withVersion(v);
            case RegistryRecord.VersionErased e -> withoutVersion(e);
            case RegistryRecord.SubjectDeleted d -> withSubjectDeleted(d);
            case RegistryRecord.LevelSet l -> new RegistryState(subjects, schemasById,
                    with(levels, l.subject(), l.level()), modes);
            case RegistryRecord.LevelCleared c -> new RegistryState(subjects, schemasById,
                    without(levels, c.subject()), modes);
            case RegistryRecord.ModeSet m -> new RegistryState(subjects, schemasById, levels,
                    with(modes, m.subject(), m.mode()));
            case RegistryRecord.ModeCleared c -> new RegistryState(subjects, schemasById, levels,
                    without(modes, c.subject()));
        };
    }

    private RegistryState withVersion(RegistryRecord.VersionSet version) {
        NavigableMap<Integer, RegistryRecord.VersionSet> versions = new TreeMap<>(all(version.subject()));
        versions.put(version.version(), version);
        return withVersions(version.subject(), versions, with(schemasById, version.id(), version.schema()));
    }

    private RegistryState withoutVersion(RegistryRecord.VersionErased erased) {
        NavigableMap<Integer, RegistryRecord.VersionSet> versions = new TreeMap<>(all(erased.subject()));
        versions.remove(erased.version());
        return withVersions(erased.subject(), versions, schemasById);
    }

    private RegistryState withSubjectDeleted(RegistryRecord.SubjectDeleted deleted) {
        NavigableMap<Integer, RegistryRecord.VersionSet> versions = new TreeMap<>(all(deleted.subject()));
        versions.headMap(deleted.upToVersion(), true).replaceAll((number, version) -> version.softDeleted());
        return withVersions(deleted.subject(), versions, schemasById);
    }

    private RegistryState withVersions(String subject, NavigableMap<Integer, RegistryRecord.VersionSet> versions,
            Map<Integer, String> newSchemasById) {
        NavigableMap<String, NavigableMap<Integer, RegistryRecord.VersionSet>> copy = new TreeMap<>(subjects);
        if (versions.isEmpty()) {
            copy.remove(subject);
        } else {
            copy.put(subject, versions);
        }
        return new RegistryState(copy, newSchemasById, levels, modes);
    }

    private static <K, V> Map<K, V> with(Map<K, V> map, K key, V value) {
        Map<K, V> copy = new HashMap<>(map);
        copy.put(key, value);
        return copy;
    }

    /** The global setting stays: it can be replaced, not removed. */
    private static <V> Map<String, V> without(Map<String, V> map, String subject) {
        Map<String, V> copy = new HashMap<>(map);
        if (!subject.isEmpty()) {
            copy.remove(subject);
        }
        return copy;
    }

    /** Names of the subjects with a version that is not deleted, or, if asked, with any. */
    List<String> subjects(Deleted deleted) {
        return subjects.keySet().stream().filter(s -> !versions(s, deleted).isEmpty()).toList();
    }

    /** Versions of a subject, oldest first; empty when there is no such subject. */
    List<RegistryRecord.VersionSet> versions(String subject, Deleted deleted) {
        return all(subject).values().stream().filter(v -> deleted == Deleted.INCLUDED || !v.deleted()).toList();
    }

    private NavigableMap<Integer, RegistryRecord.VersionSet> all(String subject) {
        return subjects.getOrDefault(subject, Collections.emptyNavigableMap());
    }

    Optional<String> schema(int id) {
        return Optional.ofNullable(schemasById.get(id));
    }

    /** The id of that schema text in any subject: a schema has one id wherever it is used. */
    Optional<Integer> idOf(String schema) {
        return schemasById.entrySet().stream().filter(e -> e.getValue().equals(schema)).map(Map.Entry::getKey)
                .min(Integer::compare);
    }

    /** Ids are never given twice, not even after a deletion. */
    int nextId() {
        return schemasById.keySet().stream().mapToInt(Integer::intValue).max().orElse(0) + 1;
    }

    int nextVersion(String subject) {
        NavigableMap<Integer, RegistryRecord.VersionSet> versions = all(subject);
        return versions.isEmpty() ? 1 : versions.lastKey() + 1;
    }

    /** The subject's own level; {@code ""} for the global one. */
    Optional<CompatibilityLevel> ownLevel(String subject) {
        return Optional.ofNullable(levels.get(subject));
    }

    CompatibilityLevel level(String subject) {
        return ownLevel(subject).or(() -> ownLevel("")).orElseThrow();
    }

    Optional<RegistryMode> ownMode(String subject) {
        return Optional.ofNullable(modes.get(subject));
    }

    RegistryMode mode(String subject) {
        return ownMode(subject).or(() -> ownMode("")).orElseThrow();
    }

    /** Whether soft-deleted versions count. */
    enum Deleted {
        EXCLUDED,
        INCLUDED
    }
}
