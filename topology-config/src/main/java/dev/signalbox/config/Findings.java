package dev.signalbox.config;

import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/** Gathers problems of one file, in file order, each once. */
final class Findings {
    private final String file;
    private final YamlTree tree;
    private final TreeSet<Problem> problems = new TreeSet<>();

    Findings(String file, YamlTree tree) {
        this.file = file;
        this.tree = tree;
    }

    /** At a value. */
    void at(String pointer, String message) {
        add(tree.place(pointer), message, Optional.empty());
    }

    /** At a value that is one of several words but for a slip. */
    void at(String pointer, String message, String word, Collection<String> candidates) {
        add(tree.place(pointer), message, Suggestion.nearest(word, candidates));
    }

    /** At a key of a map. */
    void atKey(String pointer, String message) {
        add(tree.keyPlace(pointer), message, Optional.empty());
    }

    /** At a key of a map that is one of several words but for a slip. */
    void atKey(String pointer, String message, String word, Collection<String> candidates) {
        add(tree.keyPlace(pointer), message, Suggestion.nearest(word, candidates));
    }

    void add(Place place, String message, Optional<String> suggestion) {
        problems.add(new Problem(file, place.line(), place.column(), message, suggestion));
    }

    boolean isEmpty() {
        return problems.isEmpty();
    }

    List<Problem> inFileOrder() {
        return List.copyOf(problems);
    }
}
