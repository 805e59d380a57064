"""The demo with what users of an assistant really give: conversations, passages, thumbs, few corrections, complaints."""
