package dev.signalbox.cli;

import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;

/**
 * Counts Ctrl-C (SIGINT) and SIGTERM. The JVM's own answer to them, to run shutdown hooks and end, leaves no room for a
 * second Ctrl-C that means something else. {@code sun.misc.Signal} is called by reflection, as Kafka's own commands do:
 * javac warns of any use of it.
 */
public final class Interrupts {
    private static final String[] SIGNALS = {"INT", "TERM"};

    private Interrupts() {
    }

    /**
     * From now on each signal calls the listener, on a thread of the JVM's, with its number from 1; it no longer ends the
     * process.
     */
    public static void onEach(IntConsumer listener) {
        AtomicInteger count = new AtomicInteger();
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            Object ours = Proxy.newProxyInstance(Interrupts.class.getClassLoader(), new Class<?>[]{handler},
                    (proxy, method, arguments) -> switch (method.getName()) {
                        case "handle" -> {
                            listener.accept(count.incrementAndGet());
                            yield null;
                        }
                        case "hashCode" -> System.identityHashCode(proxy);
                        case "equals" -> System.identityHashCode(proxy) == System.identityHashCode(arguments[0]);
                        default -> "Signalbox's signal handler";
                    });
            for (String name : SIGNALS) {
                signal.getMethod("handle", signal, handler).invoke(null,
                        signal.getConstructor(String.class).newInstance(name), ours);
            }
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("this JVM has no sun.misc.Signal", e);
        }
    }
}
