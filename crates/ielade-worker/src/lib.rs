//! One Ielāde worker: opens a store, drives the loader, feeds a consumer and reports events
