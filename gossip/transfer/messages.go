package transfer

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"time"
)

// message answers a message. The answer may be put off, for which MaxExchanges has room;
// how large the messages are that are put off has a bound of its own.
func (h *handler) message(w http.ResponseWriter, r *http.Request) {
	from, ok := nameOf(r)
	switch {
	case !ok:
		refuse(w)
		return
	case r.Header.Get("Content-Type") != messageType:
		http.Error(w, "a message is "+messageType, http.StatusUnsupportedMediaType)
		return
	case r.ContentLength <= 0:
		http.Error(w, "a message says how long it is", http.StatusLengthRequired)
		return
	case r.ContentLength > MaxMessage:
		http.Error(w, "a message has at most "+strconv.Itoa(MaxMessage)+" bytes", http.StatusRequestEntityTooLarge)
		return
	}
	leave, ok := h.exchanges.take(from)
	if !ok {
		busy(w)
		return
	}
	defer leave()
	if !h.messages.TryAcquire(r.ContentLength) {
		busy(w)
		return
	}
	defer h.messages.Release(r.ContentLength)

	// Deadlines are not supported only in tests without a connection.
	deadlines := http.NewResponseController(w)
	_ = deadlines.SetReadDeadline(time.Now().Add(messageTimeout))
	_ = deadlines.SetWriteDeadline(time.Now().Add(exchangeTimeout + messageTimeout))
	b := make([]byte, r.ContentLength)
	if _, err := io.ReadFull(r.Body, b); err != nil {
		http.Error(w, "the message broke off", http.StatusBadRequest)
		return
	}
	_ = deadlines.SetReadDeadline(time.Time{})
	ctx, cancel := context.WithTimeout(r.Context(), exchangeTimeout)
	defer cancel()
	answer, err := h.exchange(ctx, from, b)
	_ = deadlines.SetWriteDeadline(time.Now().Add(messageTimeout))
	switch {
	case err != nil && ctx.Err() != nil:
		busy(w)
	case err != nil:
		http.Error(w, "not a message that this node knows: see that both run versions that go together", http.StatusBadRequest)
	case len(answer) > MaxMessage:
		http.Error(w, "the answer is too large", http.StatusInternalServerError)
	case len(answer) == 0:
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Content-Type", messageType)
		w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
		_, _ = w.Write(answer)
	}
}
