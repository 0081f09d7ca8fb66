//! How to store and load an image data set so that training on your machine is fastest
