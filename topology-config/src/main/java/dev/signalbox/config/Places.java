package dev.signalbox.config;

import java.util.List;

/** Where the keys of a configuration that was read stand in its file. */
public final class Places {
    private final String file;
    private final YamlTree tree;

    Places(String file, YamlTree tree) {
        this.file = file;
        this.tree = tree;
    }

    /**
     * {@code file:line:column} of a key, or of its nearest parent that the file has.
     *
     * @param path keys from the root, such as {@code deployments}, {@code openai.direct/gpt-4.1}
     */
    public String of(List<String> path) {
        Place place = tree.keyPlace(Pointer.path(path.toArray(String[]::new)));
        return file + ":" + place.line() + ":" + place.column();
    }
}
