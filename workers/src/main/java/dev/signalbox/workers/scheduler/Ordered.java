package dev.signalbox.workers.scheduler;

import java.util.Arrays;
import java.util.NoSuchElementException;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A set in an order, of which the first element is at hand: a binary heap of places with their keys in them, so that a
 * decision among thousands touches few of the elements themselves. Adding takes O(1) on average, all else O(log n).
 */
final class Ordered<T> {
    private static final int FIRST_ROOM = 2;

    @SuppressWarnings({"unchecked", "rawtypes"})
    private Place<T>[] heap = new Place[FIRST_ROOM];
    private int size;

    /**
     * Where an element stands: in one set at most. The lower key is first, and of equal ones the lower number. Milliseconds
     * are exact as keys.
     */
    static final class Place<T> {
        final T element;
        private final long number;
        private double key;
        private int index = -1;

        /** @param number tells any two elements of a set apart */
        Place(T element, long number) {
            this.element = element;
            this.number = number;
        }

        double key() {
            return key;
        }

        boolean isBefore(Place<T> other) {
            return key < other.key || (key == other.key && number < other.number);
        }
    }

    boolean isEmpty() {
        return size == 0;
    }

    /** @throws NoSuchElementException if it is empty */
    T first() {
        if (size == 0) {
            throw new NoSuchElementException("empty");
        }
        return heap[0].element;
    }

    @Nullable
    T firstOrNull() {
        return size == 0 ? null : heap[0].element;
    }

    /** Adds one that is in no set. */
    void add(Place<T> place, double key) {
        if (place.index >= 0) {
            throw new IllegalStateException("it has a place already");
        }
        if (size == heap.length) {
            heap = Arrays.copyOf(heap, size * 2);
        }
        place.key = key;
        up(place, size++);
    }

    /** Removes one, if it is in it. */
    void remove(Place<T> place) {
        int at = place.index;
        if (at < 0) {
            return;
        }
        place.index = -1;
        Place<T> last = heap[--size];
        Arrays.fill(heap, size, size + 1, null);
        if (at < size) {
            put(last, at);
        }
    }

    /** Gives one that is in it another key. */
    void move(Place<T> place, double key) {
        place.key = key;
        put(place, place.index);
    }

    private void put(Place<T> place, int at) {
        if (at > 0 && place.isBefore(heap[(at - 1) / 2])) {
            up(place, at);
        } else {
            down(place, at);
        }
    }

    private void up(Place<T> place, int from) {
        int at = from;
        while (at > 0) {
            int above = (at - 1) / 2;
            if (!place.isBefore(heap[above])) {
                break;
            }
            set(heap[above], at);
            at = above;
        }
        set(place, at);
    }

    private void down(Place<T> place, int from) {
        int at = from;
        for (int below = 2 * at + 1; below < size; below = 2 * at + 1) {
            if (below + 1 < size && heap[below + 1].isBefore(heap[below])) {
                below++;
            }
            if (!heap[below].isBefore(place)) {
                break;
            }
            set(heap[below], at);
            at = below;
        }
        set(place, at);
    }

    private void set(Place<T> place, int at) {
        heap[at] = place;
        place.index = at;
    }

    /** Of the first so many elements, the first one that the test picks; null if there is none. */
    @Nullable
    T find(int ofFirst, Predicate<T> test) {
        if (size == 0 || test.test(heap[0].element)) {
            return firstOrNull();
        }
        int[] next = new int[ofFirst + 1];
        int found = 1;
        for (int looked = 0; looked < ofFirst && found > 0; looked++) {
            int at = takeFirst(next, found--);
            if (looked > 0 && test.test(heap[at].element)) {
                return heap[at].element;
            }
            for (int below = 2 * at + 1; below <= 2 * at + 2 && below < size; below++) {
                next[found++] = below;
            }
        }
        return null;
    }

    /** Of so many places, the first one, which is taken from among them. */
    private int takeFirst(int[] places, int count) {
        int first = 0;
        for (int i = 1; i < count; i++) {
            if (heap[places[i]].isBefore(heap[places[first]])) {
                first = i;
            }
        }
        int place = places[first];
        places[first] = places[count - 1];
        return place;
    }
}
