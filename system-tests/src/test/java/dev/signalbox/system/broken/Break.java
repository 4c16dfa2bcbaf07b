package dev.signalbox.system.broken;

import java.util.List;

/**
 * One mechanism of a guarantee, and the tests that must turn red without it.
 *
 * @param guarantee G1 to G10
 * @param mechanism in the words of {@code docs/guarantees.md}
 * @param off all that must be switched off at once, where one mechanism stands behind another
 * @param check green with the mechanism, red without
 */
record Break(String guarantee, String mechanism, List<Switch> off, Check check) {

    static Break of(String guarantee, String mechanism, Check check, Switch... off) {
        return new Break(guarantee, mechanism, List.of(off), check);
    }

    @Override
    public String toString() {
        return guarantee + " " + mechanism;
    }
}
