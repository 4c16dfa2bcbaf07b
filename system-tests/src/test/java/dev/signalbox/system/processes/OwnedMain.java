package dev.signalbox.system.processes;

import java.io.IOException;
import java.util.Arrays;

/** Runs another main class and ends when its input closes: when the test's process is gone, however it went. */
final class OwnedMain {
    private OwnedMain() {
    }

    public static void main(String[] args) throws Exception {
        Thread.ofPlatform().daemon().name("owner-watch").start(OwnedMain::endWithInput);
        Class.forName(args[0]).getMethod("main", String[].class).invoke(null,
                (Object) Arrays.copyOfRange(args, 1, args.length));
    }

    private static void endWithInput() {
        try {
            while (System.in.read() >= 0) {
                // Nothing is ever written to it.
            }
        } catch (IOException e) {
            // As good as closed.
        }
        Runtime.getRuntime().halt(1);
    }
}
