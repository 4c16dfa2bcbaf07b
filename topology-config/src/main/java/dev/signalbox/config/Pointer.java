package dev.signalbox.config;

import java.util.ArrayList;
import java.util.List;

/** JSON Pointers (RFC 6901) as text, by which places of a file are looked up. */
final class Pointer {
    static final String ROOT = "";

    private Pointer() {
    }

    static String of(String parent, String key) {
        return parent + "/" + key.replace("~", "~0").replace("/", "~1");
    }

    static String of(String parent, int index) {
        return parent + "/" + index;
    }

    /** The pointer of several keys from the root. */
    static String path(String... keys) {
        String pointer = ROOT;
        for (String key : keys) {
            pointer = of(pointer, key);
        }
        return pointer;
    }

    /** @throws IllegalArgumentException for the root */
    static String parent(String pointer) {
        int slash = pointer.lastIndexOf('/');
        if (slash < 0) {
            throw new IllegalArgumentException("the root has no parent");
        }
        return pointer.substring(0, slash);
    }

    /** The keys and indices on the way, unescaped. */
    static List<String> keys(String pointer) {
        List<String> keys = new ArrayList<>();
        if (!pointer.isEmpty()) {
            for (String key : pointer.substring(1).split("/", -1)) {
                keys.add(key.replace("~1", "/").replace("~0", "~"));
            }
        }
        return keys;
    }

    /** How a message calls that place: the last key in quotes, or for an item of a list {@code item 2 of "key"}. */
    static String spoken(String pointer) {
        List<String> keys = keys(pointer);
        if (keys.isEmpty()) {
            return "the configuration";
        }
        String last = keys.getLast();
        if (keys.size() > 1 && last.chars().allMatch(Character::isDigit)) {
            return "item " + (Integer.parseInt(last) + 1) + " of \"" + keys.get(keys.size() - 2) + "\"";
        }
        return "\"" + last + "\"";
    }
}
