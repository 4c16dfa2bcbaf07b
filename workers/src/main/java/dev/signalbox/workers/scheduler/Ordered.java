package dev.signalbox.workers.scheduler;

import java.util.Comparator;
import java.util.NoSuchElementException;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A sorted set whose first element is at hand, since each decision asks for those of all routes; the others are in a tree,
 * which a set of one does not have. The order of what is in it must not change.
 */
final class Ordered<T> {
    private final Comparator<T> order;
    private @Nullable T first;
    private @Nullable TreeSet<T> others;

    /** @param order tells any two elements apart */
    Ordered(Comparator<T> order) {
        this.order = order;
    }

    boolean isEmpty() {
        return first == null;
    }

    /** @throws NoSuchElementException if it is empty */
    T first() {
        if (first == null) {
            throw new NoSuchElementException("empty");
        }
        return first;
    }

    @Nullable
    T firstOrNull() {
        return first;
    }

    /** Adds one that is not in it. */
    void add(T element) {
        if (first == null) {
            first = element;
            return;
        }
        if (others == null) {
            others = new TreeSet<>(order);
        }
        if (order.compare(element, first) < 0) {
            others.add(first);
            first = element;
        } else {
            others.add(element);
        }
    }

    /** Removes one, if it is in it. */
    void remove(T element) {
        if (element.equals(first)) {
            first = others == null ? null : others.pollFirst();
        } else if (others != null) {
            others.remove(element);
        }
    }

    /** Of the first so many elements, the first one that the test picks; null if there is none. */
    @Nullable
    T find(int ofFirst, Predicate<T> test) {
        if (first == null || test.test(first)) {
            return first;
        }
        int looked = 1;
        if (others != null) {
            for (T other : others) {
                if (++looked > ofFirst) {
                    return null;
                }
                if (test.test(other)) {
                    return other;
                }
            }
        }
        return null;
    }
}
