package dev.signalbox.workers.router;

import java.util.ArrayList;
import java.util.List;

/** A request that waits for a permit, in the order of its arrival at each deployment that could serve it. */
public class Waiter {
    final List<PoolAccess> places = new ArrayList<>(2);
}
