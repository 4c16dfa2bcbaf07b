package dev.signalbox.workers.intake;

/** When requests that were put off may come again before their time. */
public interface NextChance {
    /** Whether a lane would let a request of that route wait now. */
    boolean hasRoom(String route);

    /** So many of each tenant's may wait for that route however many others do, so that nobody is kept out by another one's. */
    default int few(String route) {
        return 0;
    }

    /** That tenant's requests that wait for that route. */
    default int waiting(String route, String tenant) {
        return 0;
    }

    /** Whether a retry of that route which has older ones of its line before it may await them here. */
    default boolean mayAwaitOlder(String route) {
        return isOpen(route);
    }

    /** Whether the request of that id is to be told at once that it was cancelled. */
    default boolean isCancelled(String id) {
        return false;
    }

    /** Whether a request of that route would be called if it were here, as far as is known. */
    default boolean isOpen(String route) {
        return hasRoom(route);
    }
}
